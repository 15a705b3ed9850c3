package netcode

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// Placement is the transform of an entity in the compact dialect (netcode/PROTOCOL.md,
// "Placements"): a translation, a rotation and a scale, to 1 mm and 0.1°. Equal placements
// have the same matrix, to the bit, in every language.
type Placement struct {
	Position [3]int32 // millimetres, within ±[MaxMillimetres]
	Rotation Rotation
	Scale    [3]float32 // along the axes before rotation; finite, more than 0
}

// MaxMillimetres is the maximum distance of a [Placement] from the origin along each axis, some
// 1,074 kilometres, so that the difference of two fits into 32 bits.
const MaxMillimetres = 1 << 30

// Origin is the identity.
var Origin = Placement{Rotation: Rotation{Largest: 3}, Scale: [3]float32{1, 1, 1}}

// Rotation is a unit quaternion without its largest component, which is positive: the other
// three in units of √½ / limit, in the order x, y, z, w.
type Rotation struct {
	Rest    [3]int16
	Largest uint8 // which is left out: 0 x, 1 y, 2 z, 3 w
	Long    bool  // encoded in 48 bits instead of 32
}

// Limits of a rotation's components. 32 bits represent most rotations to 0.1°, but no encoding in
// 32 bits represents all, so there is one of 48 bits.
const (
	shortLimit = 511
	longLimit  = 16383
)

const (
	// frameTolerance is the maximum difference between the axes of a placement and those of
	// its matrix, as the sum of squared differences. It corresponds to a rotation by 0.1°.
	frameTolerance = 2 * tenthDegree * tenthDegree
	tenthDegree    = 0.1 * math.Pi / 180
	// unitScale is the maximum difference from 1 of a scale that counts as 1: a tenth of a
	// millimetre per metre.
	unitScale = 1e-4
	// leastScale is the smallest scale of a placement; below, axes cannot be measured.
	leastScale = 1e-6
)

// NewPlacement returns the placement of a matrix, and false if none is within 1 mm and 0.1° of
// it, because it mirrors, shears or projects, or is too far away.
func NewPlacement(m *Matrix) (p Placement, ok bool) {
	if m[3] != 0 || m[7] != 0 || m[11] != 0 || m[15] != 1 {
		return p, false
	}
	for i := range 3 {
		mm := math.Round(m[12+i] * 1000)
		if !(math.Abs(mm) <= MaxMillimetres) {
			return p, false
		}
		p.Position[i] = int32(mm)
	}
	var axes [9]float64 // of length 1
	for i := range 3 {
		x, y, z := m[4*i], m[4*i+1], m[4*i+2]
		length := math.Sqrt(x*x + y*y + z*z)
		switch {
		case math.Abs(length-1) <= unitScale:
			p.Scale[i], length = 1, 1
		case length >= leastScale && length <= math.MaxFloat32:
			p.Scale[i] = float32(length)
		default:
			return p, false
		}
		axes[3*i], axes[3*i+1], axes[3*i+2] = x/length, y/length, z/length
	}
	for _, long := range [...]bool{false, true} {
		if p.Rotation, ok = newRotation(&axes, long); !ok {
			return p, false
		}
		var got [9]float64
		p.Rotation.axes(&got)
		off := 0.0
		for i, v := range got {
			off += (v - axes[i]) * (v - axes[i])
		}
		if off <= frameTolerance {
			return p, true
		}
	}
	return p, false
}

// newRotation returns the rotation nearest to three axes, and false if they are none of a
// rotation.
func newRotation(m *[9]float64, long bool) (r Rotation, ok bool) {
	// Four times the square of a component, and its products with the others.
	var square float64
	var rest [3]float64
	switch trace := m[0] + m[4] + m[8]; {
	case trace >= m[0] && trace >= m[4] && trace >= m[8]:
		r.Largest, square, rest = 3, 1+trace, [3]float64{m[5] - m[7], m[6] - m[2], m[1] - m[3]}
	case m[0] >= m[4] && m[0] >= m[8]:
		r.Largest, square, rest = 0, 1+m[0]-m[4]-m[8], [3]float64{m[1] + m[3], m[2] + m[6], m[5] - m[7]}
	case m[4] >= m[8]:
		r.Largest, square, rest = 1, 1+m[4]-m[0]-m[8], [3]float64{m[1] + m[3], m[5] + m[7], m[6] - m[2]}
	default:
		r.Largest, square, rest = 2, 1+m[8]-m[0]-m[4], [3]float64{m[2] + m[6], m[5] + m[7], m[1] - m[3]}
	}
	if !(square >= 0.5) {
		return r, false // that of a rotation is at least 1
	}
	r.Long = long
	limit := float64(r.limit())
	unit := limit * math.Sqrt2 / 2 / math.Sqrt(square)
	for i, v := range rest {
		k := math.Round(v * unit)
		if !(math.Abs(k) <= limit) {
			return r, false
		}
		r.Rest[i] = int16(k)
	}
	return r, r.square() >= 0
}

func (r *Rotation) limit() int {
	if r.Long {
		return longLimit
	}
	return shortLimit
}

// square returns the square of the largest component, in the units of the others. It is negative
// if there is no such rotation.
func (r *Rotation) square() int {
	limit := r.limit()
	left := 2 * limit * limit
	for _, k := range r.Rest {
		left -= int(k) * int(k)
	}
	return left
}

// axes computes the rotation's matrix, column by column. Every step is rounded as written here,
// so that all languages and machines get the same result.
func (r *Rotation) axes(m *[9]float64) {
	a, b, c := float64(r.Rest[0]), float64(r.Rest[1]), float64(r.Rest[2])
	limit := float64(r.limit())
	d := limit * limit
	// Integers of this size, and their sums and products, are exact.
	largest := math.Sqrt(2*d - a*a - b*b - c*c)
	var x, y, z, w float64
	switch r.Largest {
	case 0:
		x, y, z, w = largest, a, b, c
	case 1:
		x, y, z, w = a, largest, b, c
	case 2:
		x, y, z, w = a, b, largest, c
	default:
		x, y, z, w = a, b, c, largest
	}
	// The conversions keep the compiler from fusing products with sums.
	xx, yy, zz := float64(x*x), float64(y*y), float64(z*z)
	xy, xz, yz := float64(x*y), float64(x*z), float64(y*z)
	wx, wy, wz := float64(w*x), float64(w*y), float64(w*z)
	m[0], m[1], m[2] = 1-(yy+zz)/d, (xy+wz)/d+0, (xz-wy)/d+0 // there is no -0
	m[3], m[4], m[5] = (xy-wz)/d+0, 1-(xx+zz)/d, (yz+wx)/d+0
	m[6], m[7], m[8] = (xz+wy)/d+0, (yz-wx)/d+0, 1-(xx+yy)/d
}

// Matrix computes the matrix of the placement.
func (p *Placement) Matrix(m *Matrix) {
	var axes [9]float64
	p.Rotation.axes(&axes)
	for i, scale := range p.Scale {
		s := float64(scale)
		m[4*i], m[4*i+1], m[4*i+2], m[4*i+3] = axes[3*i]*s, axes[3*i+1]*s, axes[3*i+2]*s, 0
		m[12+i] = float64(p.Position[i]) / 1000
	}
	m[15] = 1
}

// placementFlags say which parts of a placement follow.
type placementFlags uint8

const (
	hasPosition      placementFlags = 0x04
	hasShortRotation placementFlags = 0x08
	hasLongRotation  placementFlags = 0x10
	hasScale         placementFlags = 0x20
	fromOrigin       placementFlags = 0x40
	hasMatrix        placementFlags = 0x80
	// noPlacement: the placement is removed.
	noPlacement = hasMatrix | fromOrigin

	placementParts = hasPosition | hasShortRotation | hasLongRotation | hasScale
	placementBits  = placementParts | fromOrigin | hasMatrix
)

// PlacementChange is a change of an entity's placement, in a state or an intent: the parts that
// change, a matrix that no placement represents, or a removal.
type PlacementChange struct {
	flags    placementFlags
	position [3]int32 // added to the old one
	rotation Rotation
	scale    [3]float32
	matrix   []byte // 16 doubles
}

// NoPlacement removes an entity's placement.
var NoPlacement = PlacementChange{flags: noPlacement}

// NewPlacementChange returns the change from one placement to another, from the origin if from
// is nil. For equal ones it changes nothing (see [PlacementChange.IsNone]).
func NewPlacementChange(from, to *Placement) (c PlacementChange) {
	if from == nil {
		from, c.flags = &Origin, fromOrigin
	}
	if to.Position != from.Position {
		c.flags |= hasPosition
		for i := range 3 {
			c.position[i] = to.Position[i] - from.Position[i] // fits: see MaxMillimetres
		}
	}
	if to.Rotation != from.Rotation {
		c.flags, c.rotation = c.flags|hasShortRotation, to.Rotation
		if to.Rotation.Long {
			c.flags ^= hasShortRotation | hasLongRotation
		}
	}
	if to.Scale != from.Scale {
		c.flags, c.scale = c.flags|hasScale, to.Scale
	}
	return c
}

// NewMatrixChange returns the change to an exact matrix, whose numbers must be finite.
func NewMatrixChange(m *Matrix) PlacementChange {
	raw := make([]byte, 0, matrixBytes)
	for _, v := range m {
		raw = binary.BigEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return PlacementChange{flags: hasMatrix, matrix: raw}
}

// IsNone reports whether c changes nothing.
func (c *PlacementChange) IsNone() bool { return c.flags == 0 }

// Matrix stores the exact matrix in m, and reports whether c has one.
func (c *PlacementChange) Matrix(m *Matrix) bool {
	if len(c.matrix) == 0 {
		return false
	}
	for i := range m {
		m[i] = math.Float64frombits(binary.BigEndian.Uint64(c.matrix[8*i:]))
	}
	return true
}

var (
	errNoBasePlacement = errors.New("a placement changes that is not there")
	errFar             = errors.New("a position is too far away")
)

// Apply changes a placement, which exists if placed is set, and reports whether it exists
// afterwards. It does not after a removal or an exact matrix.
func (c *PlacementChange) Apply(p *Placement, placed bool) (bool, error) {
	switch {
	case c.flags&hasMatrix != 0:
		return false, nil
	case c.flags&fromOrigin != 0:
		*p = Origin
	case !placed && c.flags != 0:
		return false, errNoBasePlacement
	case !placed:
		return false, nil
	}
	if c.flags&hasPosition != 0 {
		for i := range 3 {
			at := int64(p.Position[i]) + int64(c.position[i])
			if at < -MaxMillimetres || at > MaxMillimetres {
				return false, errFar
			}
			p.Position[i] = int32(at)
		}
	}
	if c.flags&(hasShortRotation|hasLongRotation) != 0 {
		p.Rotation = c.rotation
	}
	if c.flags&hasScale != 0 {
		p.Scale = c.scale
	}
	return true, nil
}

// append appends the parts, without the flags.
func (c *PlacementChange) append(dst []byte) []byte {
	if c.flags&hasPosition != 0 {
		for _, v := range c.position {
			dst = binary.AppendUvarint(dst, uint64(uint32(v<<1^v>>31)))
		}
	}
	if c.flags&(hasShortRotation|hasLongRotation) != 0 {
		dst = c.rotation.append(dst)
	}
	if c.flags&hasScale != 0 {
		for _, v := range c.scale {
			dst = binary.BigEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return append(dst, c.matrix...)
}

func (r *Rotation) append(dst []byte) []byte {
	if r.Long {
		const bias = longLimit
		index := uint16(r.Largest)
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Rest[0]+bias)|index>>1<<15)
		dst = binary.BigEndian.AppendUint16(dst, uint16(r.Rest[1]+bias)|index&1<<15)
		return binary.BigEndian.AppendUint16(dst, uint16(r.Rest[2]+bias))
	}
	const bias = shortLimit
	code := uint32(r.Largest)<<30 | uint32(r.Rest[0]+bias)<<20 | uint32(r.Rest[1]+bias)<<10 | uint32(r.Rest[2]+bias)
	return binary.BigEndian.AppendUint32(dst, code)
}

const matrixBytes = 16 * 8

var (
	errFlags    = errors.New("flags that do not go together")
	errRotation = errors.New("a rotation that is none")
	errScale    = errors.New("a scale that is not finite and more than 0")
	errFinite   = errors.New("a number that is not finite")
	errVarint   = errors.New("a number of more than 32 bits")
)

// parse parses the parts that follow the flags, and returns their length. The matrix shares
// memory with data.
func (c *PlacementChange) parse(flags placementFlags, data []byte) (n int, err error) {
	c.flags, c.matrix = flags, nil
	if flags&hasMatrix != 0 {
		if flags&placementParts != 0 {
			return 0, errFlags
		}
		if flags == noPlacement {
			return 0, nil
		}
		return c.parseMatrix(data)
	}
	if flags&hasPosition != 0 {
		for i := range c.position {
			v, size, err := parseUint32(data[n:])
			if err != nil {
				return n, err
			}
			c.position[i] = int32(v>>1) ^ -int32(v&1)
			n += size
		}
	}
	switch flags & (hasShortRotation | hasLongRotation) {
	case hasShortRotation:
		if len(data)-n < 4 {
			return n, io.ErrUnexpectedEOF
		}
		code := binary.BigEndian.Uint32(data[n:])
		n += 4
		if !c.rotation.set(int(code>>20&1023), int(code>>10&1023), int(code&1023), shortLimit) {
			return n, errRotation
		}
		c.rotation.Largest, c.rotation.Long = uint8(code>>30), false
	case hasLongRotation:
		if len(data)-n < 6 {
			return n, io.ErrUnexpectedEOF
		}
		x, y, z := binary.BigEndian.Uint16(data[n:]), binary.BigEndian.Uint16(data[n+2:]), binary.BigEndian.Uint16(data[n+4:])
		n += 6
		const low = 1<<15 - 1
		if z > low || !c.rotation.set(int(x&low), int(y&low), int(z), longLimit) {
			return n, errRotation
		}
		c.rotation.Largest, c.rotation.Long = uint8(x>>15<<1|y>>15), true
	case hasShortRotation | hasLongRotation:
		return n, errFlags
	}
	if flags&hasScale != 0 {
		if len(data)-n < 12 {
			return n, io.ErrUnexpectedEOF
		}
		for i := range c.scale {
			v := math.Float32frombits(binary.BigEndian.Uint32(data[n:]))
			if !(v > 0 && v <= math.MaxFloat32) {
				return n, errScale
			}
			c.scale[i] = v
			n += 4
		}
	}
	return n, nil
}

func (c *PlacementChange) parseMatrix(data []byte) (int, error) {
	if len(data) < matrixBytes {
		return 0, io.ErrUnexpectedEOF
	}
	c.matrix = data[:matrixBytes:matrixBytes]
	for at := 0; at < matrixBytes; at += 8 {
		const exponent = 0x7ff
		if binary.BigEndian.Uint16(data[at:])>>4&exponent == exponent {
			return 0, errFinite
		}
	}
	return matrixBytes, nil
}

// set sets the encoded components, and reports whether there is such a rotation.
func (r *Rotation) set(a, b, c, limit int) bool {
	a, b, c = a-limit, b-limit, c-limit
	r.Rest = [3]int16{int16(a), int16(b), int16(c)}
	return max(a, b, c) <= limit && a*a+b*b+c*c <= 2*limit*limit
}

// parseUint32 parses a varint: seven bits per byte, the lowest first, with the highest bit set in
// each byte but the last.
func parseUint32(data []byte) (v uint32, n int, err error) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint32(data[0]), 1, nil
	}
	if len(data) > 1 && data[1] < 0x80 {
		return uint32(data[0]&0x7f) | uint32(data[1])<<7, 2, nil
	}
	long, n := binary.Uvarint(data)
	switch {
	case n == 0:
		return 0, 0, io.ErrUnexpectedEOF
	case n < 0 || n > 5 || long > math.MaxUint32:
		return 0, 0, errVarint
	}
	return uint32(long), n, nil
}
