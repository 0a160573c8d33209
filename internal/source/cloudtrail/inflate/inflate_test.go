package inflate

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

func zipped(t testing.TB, content []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	z.Name, z.Comment, z.Extra = "name", "comment", []byte("extra")
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	far := append(append(bytes.Clone(noise[:33_000]), noise[:33_000]...), noise[100:32_800]...)
	skewed := make([]byte, 200_000)
	for i := range skewed {
		skewed[i] = byte(r.ExpFloat64() * 9)
	}
	return map[string][]byte{
		"nothing": nil, "one": []byte("a"), "run": bytes.Repeat([]byte("a"), 1<<20), "three": bytes.Repeat([]byte("abc"), 200_000),
		"noise": noise, "far": far, "skewed": skewed, "log": trailtest.New(1, 100_000).File(1500), "text": []byte(strings.Repeat("to be or not to be, ", 9)),
	}
}

// TestSameAsTheStandardLibrary: every content, level and kind of block.
func TestSameAsTheStandardLibrary(t *testing.T) {
	var r Reader
	var all, allZipped []byte
	for name, content := range contents() {
		for _, level := range []int{gzip.HuffmanOnly, 0, 1, 6, 9} {
			z := zipped(t, content, level)
			r.Reset(z)
			got, err := io.ReadAll(&r)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s at level %d: %d bytes of %d, %v", name, level, len(got), len(content), err)
			}
			all, allZipped = append(all, content...), append(allZipped, z...)
		}
	}
	r.Reset(allZipped)
	if got, err := io.ReadAll(&r); err != nil || !bytes.Equal(got, all) {
		t.Errorf("all members: %d bytes of %d, %v", len(got), len(all), err)
	}
	r.Reset(append(allZipped, "more than a header"...))
	if _, err := io.ReadAll(&r); !errors.Is(err, ErrHeader) {
		t.Errorf("trailing bytes: %v", err)
	}
}

// TestCutOff: wherever the input ends, what comes out is how the content begins.
func TestCutOff(t *testing.T) {
	var r Reader
	content := trailtest.New(1, 100_000).File(6)
	for _, level := range []int{gzip.HuffmanOnly, 0, 6} {
		z := zipped(t, content, level)
		for n := range z {
			r.Reset(z[:n])
			got, err := io.ReadAll(&r)
			if !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(content, got) {
				t.Fatalf("level %d, %d of %d bytes: %d bytes, %v", level, n, len(z), len(got), err)
			}
		}
	}
}

// TestEveryBitCounts: a bit that is wrong is an error, or the header's alone.
func TestEveryBitCounts(t *testing.T) {
	var r Reader
	content := []byte(strings.Repeat("to be or not to be, that is the question; ", 30))
	z := zipped(t, content, 9)
	head := bytes.Index(z, []byte("comment\x00")) + 8
	for i := head; i < len(z); i++ {
		for bit := range 8 {
			bad := bytes.Clone(z)
			bad[i] ^= 1 << bit
			r.Reset(bad)
			got, err := io.ReadAll(&r)
			if err == nil && !bytes.Equal(got, content) {
				t.Errorf("byte %d bit %d passes as %d bytes", i, bit, len(got))
			}
		}
	}
}

// FuzzInflate compares with the standard library: the same content, and an error where
// it has one.
func FuzzInflate(f *testing.F) {
	for _, content := range contents() {
		if len(content) < 5000 {
			f.Add(zipped(f, content, 9))
			f.Add(zipped(f, content, gzip.HuffmanOnly))
			f.Add(zipped(f, content, 0))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Without its checksum a fuzzer would hardly get anywhere; both then end with it.
		var r Reader
		r.Reset(data)
		got, err := io.ReadAll(io.LimitReader(&r, 1<<20))
		z, bad := gzip.NewReader(bytes.NewReader(data))
		var want []byte
		if bad == nil {
			want, bad = io.ReadAll(io.LimitReader(z, 1<<20))
		}
		if (err == nil) != (bad == nil) {
			t.Fatalf("%v, the standard library says %v", err, bad)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, the standard library has %d", len(got), len(want))
		}
		if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
			t.Fatal("the beginnings differ")
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	content := trailtest.New(1, 1_000_000).File(5000)
	z := trailtest.Gzip(content)
	buf := make([]byte, 256<<10)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		var r Reader
		for b.Loop() {
			r.Reset(z)
			drain(b, &r, buf)
		}
	})
	b.Run("klauspost", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		r := new(klauspost.Reader)
		for b.Loop() {
			if err := r.Reset(bytes.NewReader(z)); err != nil {
				b.Fatal(err)
			}
			drain(b, r, buf)
		}
	})
}

func drain(b *testing.B, r io.Reader, buf []byte) {
	for {
		if _, err := r.Read(buf); err != nil {
			if err != io.EOF {
				b.Fatal(err)
			}
			return
		}
	}
}
