package sim

import "github.com/go-gl/mathgl/mgl64"

// speed is how fast a fully deflected stick moves an avatar, in metres a second.
const speed = 2.0

// stick walks and turns an avatar the way its stick is held, towards where its
// head looks (netcode/PROTOCOL.md, "Intents", step 1).
func stick(m Mover, dt float64) {
	if !m.Intent.WantsStickMovement {
		return
	}
	head := mgl64.Ident4()
	if h := m.Entity.Part("head"); h != nil {
		head = h.Local()
	}
	back := head.Inv()
	if back == (mgl64.Mat4{}) {
		return // nobody can look along a flattened head
	}
	old := m.Entity.Local()
	here := translate(position(old))
	yaw, d := m.Intent.Yaw, speed*dt
	moved := here.Mul4(movement(head, back, yaw, m.Intent.XMovement*d, m.Intent.ZMovement*d))
	turned := here.Mul4(movement(head, back, yaw, 0, 0))

	// Turning swings a head that is not above the avatar's origin: put it back.
	swing := position(old.Mul4(head)).Sub(position(turned.Mul4(head)))
	m.Entity.SetLocal(translate(swing).Mul4(moved))
}

// movement turns by yaw about the vertical and steps (x, 0, z) as the head faces,
// keeping to the floor however the head is tilted. Back is the head's inverse.
func movement(head, back mgl64.Mat4, yaw, x, z float64) mgl64.Mat4 {
	turn := mgl64.HomogRotate3D(yaw, mgl64.Vec3{0, -1, 0})
	full := turn.Mul4(head).Mul4(mgl64.Translate3D(x, 0, z)).Mul4(back)
	return full.Mul4(mgl64.Translate3D(0, -position(full).Y(), 0))
}

func position(m mgl64.Mat4) mgl64.Vec3 { return m.Col(3).Vec3() }

func translate(v mgl64.Vec3) mgl64.Mat4 { return mgl64.Translate3D(v.Elem()) }
