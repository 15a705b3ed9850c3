package netcode

import (
	"fmt"
	"math"
	"testing"
)

func TestMatrixIsWrittenColumnByColumnWithFewDigits(t *testing.T) {
	m := Identity
	m[1], m[12], m[13], m[14] = 1e-9, 0.1+0.2, -2.0/3, 12345.5
	got := string(AppendMatrix([]byte("x"), &m))
	if want := "x[1,0,0,0,0,1,0,0,0,0,1,0,0.3,-0.666667,12345.5,1]"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestMatrixReadsBackWithinAMillionth(t *testing.T) {
	var m, got Matrix
	for i := range m {
		m[i] = math.Sin(float64(i)) * math.Pow(7, float64(i-8))
	}
	s := scanner{data: AppendMatrix(nil, &m)}
	if _, err := s.matrix(&got); err != nil {
		t.Fatal(err)
	}
	for i := range m {
		if math.Abs(got[i]-m[i]) > 5e-7 {
			t.Errorf("[%d]: got %v, want %v", i, got[i], m[i])
		}
	}
}

func ExampleAppendMatrix() {
	stands := Identity
	stands[12], stands[14] = 1.5, -1.0/3 // metres to the right, and forward
	fmt.Println(string(AppendMatrix(nil, &stands)))
	// Output: [1,0,0,0,0,1,0,0,0,0,1,0,1.5,0,-0.333333,1]
}

func BenchmarkAppendMatrix(b *testing.B) {
	m := Matrix{
		0.87758255421956333, 0, -0.47942555264552511, 0,
		-0.095247153710138865, 0.98006657784124163, -0.17434873876422116, 0,
		0.4698689607109458, 0.19866933079506122, 0.86008933068714333, 0,
		12.25, 1.6, -103.333333, 1,
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendMatrix(dst[:0], &m)
	}
}
