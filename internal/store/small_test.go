package store

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// A large estate collects in many small batches, most of them nearly empty.
func BenchmarkApplySmall(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	run := begin(b, s, "collect")
	types := make([]string, 20)
	for i := range types {
		types[i] = fmt.Sprintf("AWS::Made::Type%02d", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		batch := Batch{At: at(i / 1000), Account: fmt.Sprintf("%012d", i%1000), Region: "eu-west-1", Unit: "made", Complete: types, Finishes: fmt.Sprint(i)}
		for n := range 5 {
			batch.Resources = append(batch.Resources, made(batch.Account, n))
		}
		batch.Gaps = []evidence.Gap{{Account: batch.Account, Region: batch.Region, Service: "made", Operation: "List", Reason: evidence.Denied}}
		apply(b, s, run, batch)
	}
}

func TestFilesAreNobodyElsesBusiness(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	s := open(t, dir, Options{})
	apply(t, s, begin(t, s, "collect"), Batch{At: at(0)})
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func FuzzPrefixRange(f *testing.F) {
	f.Add("ab1", []byte("0123456789abcdef"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, prefix string, id []byte) {
		low, high, err := prefixRange(prefix)
		if err != nil {
			return
		}
		if len(low) != 16 || len(high) != 16 {
			t.Fatalf("%q gives ids of %d and %d bytes", prefix, len(low), len(high))
		}
		if len(id) != 16 {
			return
		}
		begins := strings.HasPrefix(hex.EncodeToString(id), strings.ToLower(prefix))
		within := bytes.Compare(low, id) <= 0 && bytes.Compare(id, high) <= 0
		if begins != within {
			t.Fatalf("%x begins with %q: %v, within the range: %v", id, prefix, begins, within)
		}
	})
}
