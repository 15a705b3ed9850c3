package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
)

// box makes a box of so many metres around the origin, as a binary glTF 2.0 file.
func box(width, height, depth float64) []byte {
	half := [3]float32{float32(width / 2), float32(height / 2), float32(depth / 2)}
	var positions, normals, indices bytes.Buffer
	for face := range 6 {
		axis, sign := face/2, float32(1-face%2*2)
		first := uint16(face * 4)
		for corner := range 4 {
			var at, normal [3]float32
			at[axis], normal[axis] = sign*half[axis], sign
			u, v := (axis+1)%3, (axis+2)%3
			at[u] = half[u] * float32(corner%2*2-1)
			at[v] = half[v] * float32(corner/2*2-1)
			write(&positions, at)
			write(&normals, normal)
		}
		winding := [6]uint16{0, 1, 3, 0, 3, 2} // counter-clockwise from outside
		if sign < 0 {
			winding = [6]uint16{0, 3, 1, 0, 2, 3}
		}
		for _, i := range winding {
			write(&indices, first+i)
		}
	}
	return glb(half, positions.Bytes(), normals.Bytes(), indices.Bytes())
}

// glb writes a file of one mesh: a header and two chunks, each of whole words.
func glb(half [3]float32, positions, normals, indices []byte) []byte {
	const float, short, arrays, elements = 5126, 5123, 34962, 34963
	view := func(offset, length, target int) map[string]any {
		return map[string]any{"buffer": 0, "byteOffset": offset, "byteLength": length, "target": target}
	}
	n, m := len(positions), len(indices)
	scene, err := json.Marshal(map[string]any{
		"asset":  map[string]any{"version": "2.0"},
		"scene":  0,
		"scenes": []any{map[string]any{"nodes": []int{0}}},
		"nodes":  []any{map[string]any{"mesh": 0}},
		"meshes": []any{map[string]any{"primitives": []any{map[string]any{
			"attributes": map[string]int{"POSITION": 0, "NORMAL": 1}, "indices": 2,
		}}}},
		"accessors": []any{
			map[string]any{
				"bufferView": 0, "componentType": float, "count": n / 12, "type": "VEC3",
				"min": []float32{-half[0], -half[1], -half[2]}, "max": half,
			},
			map[string]any{"bufferView": 1, "componentType": float, "count": n / 12, "type": "VEC3"},
			map[string]any{"bufferView": 2, "componentType": short, "count": m / 2, "type": "SCALAR"},
		},
		"bufferViews": []any{view(0, n, arrays), view(n, n, arrays), view(2*n, m, elements)},
		"buffers":     []any{map[string]any{"byteLength": 2*n + m}},
	})
	if err != nil {
		panic(err) // there is nothing in it that JSON could not say
	}
	for len(scene)%4 != 0 {
		scene = append(scene, ' ')
	}
	var file bytes.Buffer
	file.WriteString("glTF")
	write(&file, [2]uint32{2, uint32(12 + 8 + len(scene) + 8 + 2*n + m)})
	write(&file, uint32(len(scene)))
	file.WriteString("JSON")
	file.Write(scene)
	write(&file, uint32(2*n+m))
	file.WriteString("BIN\x00")
	file.Write(positions)
	file.Write(normals)
	file.Write(indices)
	return file.Bytes()
}

func write(b *bytes.Buffer, values any) {
	_ = binary.Write(b, binary.LittleEndian, values) // a buffer takes all
}
