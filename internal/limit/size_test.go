package limit

import "testing"

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "65536": 65536, "-1": -1, "10k": 10_000, "10K": 10_000, "10kB": 10_000, "10KiB": 10 << 10, "10 KiB": 10 << 10, "10Ki": 10 << 10,
		"512MB": 512e6, "512mb": 512e6, "512MiB": 512 << 20, "1GiB": 1 << 30, "1.5GiB": 3 << 29, "2G": 2e9, " 1 TiB ": 1 << 40, "7B": 7,
		"9223372036854775807": 1<<63 - 1,
	} {
		if got, err := ParseSize(text); got != want || err != nil {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "GiB", "1PiB5", "1e3", "0x10", "1..5k", "1.5", "ten", "1 k k", "NaN", "Inf", "1_000", "1,000", "9e9G", "9000000TiB", "--1",
	} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestSizesAreWrittenExactly(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 1: "1B", 1000: "1000B", 1 << 10: "1KiB", 3 << 29: "1536MiB", 1 << 30: "1GiB", -1: "-1B"} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, text := range []string{"1GiB", "512 MB", "-1", "1.5k"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseSize(text)
		if err != nil {
			return
		}
		if again, err := ParseSize(FormatSize(n)); err != nil || again != n {
			t.Errorf("%q is %d, which is written %s and read %d, %v", text, n, FormatSize(n), again, err)
		}
	})
}
