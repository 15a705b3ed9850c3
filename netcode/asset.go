package netcode

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Values of AssetFrame.MID.
const (
	AssetRequest uint16 = 1
	AssetData    uint16 = 2
	AssetFailure uint16 = 3
)

// Values of AssetHeader.ErrorCode.
const (
	AssetNotAvailable = 1
	AssetMalformed    = 2
)

// AssetFrame is a message about an asset (netcode/PROTOCOL.md, "Assets"): a request for a
// range of its bytes, such a range, or a failure.
type AssetFrame struct {
	MID    uint16
	Header AssetHeader
	Data   []byte // with AssetData only: Header.Length bytes
}

// AssetHeader describes an asset's range. Which fields count depends on the
// frame's MID; the others are zero.
type AssetHeader struct {
	ID             string // "asset:sha256:" and 64 hexadecimal digits
	Offset, Length uint64 // the range, in bytes; both 0 in a request for the size
	PublishedBy    string // request: an entity whose agent has the asset, or empty
	TotalLength    uint64 // data: of the whole asset, in bytes
	ErrorReason    string // failure: for people
	ErrorCode      int    // failure
}

const (
	assetPrefix = 4 // bytes before the header: MID and the header's length
	// maxAssetText bounds each string of a header, in bytes. Even if every byte
	// has to be escaped, the header stays within the 65,535 it may have.
	maxAssetText = 2048
)

// ParseAsset reads an asset frame. Data shares memory with data. A range's bytes
// must be as many as its header says and end within the asset: deployed agents
// read on, and abort, where they are not.
func ParseAsset(data []byte) (AssetFrame, error) {
	f, err := parseAsset(data)
	if err != nil {
		return AssetFrame{}, fmt.Errorf("asset: %w", err)
	}
	return f, nil
}

func parseAsset(data []byte) (AssetFrame, error) {
	if len(data) < assetPrefix {
		return AssetFrame{}, fmt.Errorf("%s, want at least %d", count(len(data), "byte"), assetPrefix)
	}
	f := AssetFrame{MID: binary.BigEndian.Uint16(data)}
	if f.MID < AssetRequest || f.MID > AssetFailure {
		return AssetFrame{}, fmt.Errorf("message id %d, want 1, 2 or 3", f.MID)
	}
	length := int(binary.BigEndian.Uint16(data[2:]))
	data = data[assetPrefix:]
	if len(data) < length {
		return AssetFrame{}, fmt.Errorf("a header of %d bytes, of which %d came", length, len(data))
	}
	if err := f.parseHeader(data[:length]); err != nil {
		return AssetFrame{}, err
	}
	return f, f.takeData(data[length:])
}

func (f *AssetFrame) takeData(data []byte) error {
	h := &f.Header
	switch {
	case f.MID != AssetData && len(data) > 0:
		return fmt.Errorf("%s behind a header that calls for none", count(len(data), "byte"))
	case f.MID != AssetData:
		return nil
	case h.Length != uint64(len(data)):
		return fmt.Errorf("range: %d bytes, of which %d came", h.Length, len(data))
	case h.Offset+h.Length > h.TotalLength:
		return fmt.Errorf("range: ends at %d, past the total_length of %d", h.Offset+h.Length, h.TotalLength)
	}
	f.Data = data
	return nil
}

// Append appends the frame. The header's strings are cut at 2,048 bytes, so that
// it fits; no valid id comes near.
func (f *AssetFrame) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, f.MID)
	dst = append(dst, 0, 0)
	start := len(dst)
	dst = f.appendHeader(dst)
	binary.BigEndian.PutUint16(dst[start-2:], uint16(len(dst)-start))
	if f.MID == AssetData {
		dst = append(dst, f.Data...)
	}
	return dst
}

func (f *AssetFrame) appendHeader(dst []byte) []byte {
	h := &f.Header
	dst = AppendString(append(dst, `{"id":`...), cutText(h.ID))
	if f.MID == AssetFailure {
		dst = AppendString(append(dst, `,"error_reason":`...), cutText(h.ErrorReason))
		dst = strconv.AppendInt(append(dst, `,"error_code":`...), int64(h.ErrorCode), 10)
		return append(dst, '}')
	}
	dst = strconv.AppendUint(append(dst, `,"range":[`...), h.Offset, 10)
	dst = strconv.AppendUint(append(dst, ','), h.Length, 10)
	dst = append(dst, ']')
	if f.MID == AssetData {
		dst = strconv.AppendUint(append(dst, `,"total_length":`...), h.TotalLength, 10)
	} else if h.PublishedBy != "" {
		dst = AppendString(append(dst, `,"published_by":`...), cutText(h.PublishedBy))
	}
	return append(dst, '}')
}

// cutText shortens s to what a header has room for, between characters.
func cutText(s string) string {
	if len(s) <= maxAssetText {
		return s
	}
	end := maxAssetText
	for end > maxAssetText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

var errNotRange = errors.New("want two numbers, offset and length")

type assetParser struct {
	scanner
	f                                     *AssetFrame
	hasID, hasRange, hasTotal, hasFailure bool
}

func (f *AssetFrame) parseHeader(data []byte) error {
	p := assetParser{f: f}
	p.reset(data)
	if err := checkUTF8(data); err != nil {
		return err
	}
	if err := p.object(p.field); err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	return p.complete()
}

func (p *assetParser) field(key []byte) (err error) {
	h, request, data, failure := &p.f.Header, p.f.MID == AssetRequest, p.f.MID == AssetData, p.f.MID == AssetFailure
	switch name := string(key); {
	case name == "id":
		p.hasID = true
		h.ID, err = p.shortText()
	case name == "range" && !failure:
		p.hasRange = true
		err = p.byteRange()
	case name == "total_length" && data:
		p.hasTotal = true
		h.TotalLength, err = p.whole()
	case name == "published_by" && request:
		h.PublishedBy, err = p.shortText()
	case name == "error_reason" && failure:
		h.ErrorReason, err = p.shortText()
	case name == "error_code" && failure:
		p.hasFailure = true
		h.ErrorCode, err = p.errorCode()
	default:
		err = p.skip()
	}
	return err
}

func (p *assetParser) complete() error {
	var missing string
	switch {
	case !p.hasID:
		missing = "id"
	case p.f.MID != AssetFailure && !p.hasRange:
		missing = "range"
	case p.f.MID == AssetData && !p.hasTotal:
		missing = "total_length"
	case p.f.MID == AssetFailure && !p.hasFailure:
		missing = "error_code"
	default:
		return nil
	}
	return inPath(missing, errors.New("missing"))
}

// shortText reads a string, or null for the empty one.
func (p *assetParser) shortText() (string, error) {
	text, err := p.optionalText()
	if err == nil && len(text) > maxAssetText {
		err = fmt.Errorf("%d bytes, want at most %d", len(text), maxAssetText)
	}
	if err != nil {
		return "", err
	}
	return cleanString(text), nil
}

// byteRange reads [offset, length].
func (p *assetParser) byteRange() error {
	items, err := p.list()
	if err != nil {
		return err
	}
	for i, to := range [...]*uint64{&p.f.Header.Offset, &p.f.Header.Length} {
		if more, err := items.next(); err != nil || !more {
			return orElse(err, errNotRange)
		}
		if *to, err = p.whole(); err != nil {
			return inItem(i, err)
		}
	}
	more, err := items.next()
	if more {
		err = errNotRange
	}
	return err
}

func (p *assetParser) errorCode() (int, error) {
	v, err := p.number()
	if err == nil && v != float64(int32(v)) {
		err = fmt.Errorf("%s, want a whole number", appendFloat(nil, v))
	}
	return int(v), err
}

const assetIDPrefix = "asset:sha256:"

// AssetHash is the SHA-256 of an asset's content, from which its id is made
// (netcode/PROTOCOL.md, "Assets").
type AssetHash [sha256.Size]byte

// ID returns the id of the asset.
func (h AssetHash) ID() string { return assetIDPrefix + hex.EncodeToString(h[:]) }

// AssetID returns the id of an asset with this content.
func AssetID(content []byte) string { return AssetHash(sha256.Sum256(content)).ID() }

// ParseAssetID parses an asset's id: "asset:sha256:" and 64 hexadecimal digits in lower
// case. No other spelling is accepted.
func ParseAssetID(id string) (AssetHash, error) {
	var h AssetHash
	digits, ok := strings.CutPrefix(id, assetIDPrefix)
	if !ok || len(digits) != 2*len(h) || strings.ToLower(digits) != digits {
		return AssetHash{}, badAssetID(id)
	}
	if _, err := hex.Decode(h[:], []byte(digits)); err != nil {
		return AssetHash{}, badAssetID(id)
	}
	return h, nil
}

func badAssetID(id string) error {
	const most = 100 // bytes of it that are shown
	return fmt.Errorf("asset id %.*q, want %s and 64 hexadecimal digits in lower case", most, id, assetIDPrefix)
}
