package cloudtrail

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestUUIDs(t *testing.T) {
	const id = "0b5cf3a2-97de-4f01-8a6b-cdef01234567"
	k, ok := uuid([]byte(id))
	if want, _ := hex.DecodeString(strings.ReplaceAll(id, "-", "")); !ok || hex.EncodeToString(k.bytes()) != hex.EncodeToString(want) {
		t.Fatalf("%s reads %x, %v", id, k.bytes(), ok)
	}
	for i := range id {
		for c := range 256 {
			b := []byte(id)
			b[i] = byte(c)
			dash := id[i] == '-'
			want := dash && c == '-' || !dash && strings.IndexByte("0123456789abcdef", byte(c)) >= 0
			got, ok := uuid(b)
			if ok != want {
				t.Errorf("byte %#x at %d: %v, should be %v", c, i, ok, want)
			}
			if ok && (got == k) != (string(b) == id) {
				t.Errorf("%s and %s: %x and %x", b, id, got, k)
			}
		}
	}
	for _, id := range []string{"", "0b5cf3a2", strings.Repeat("0", 36), "00000000-0000-0000-0000-000000000000", id + "0"} {
		if _, ok := uuid([]byte(id)); ok {
			t.Errorf("%q is let pass", id)
		}
	}
}

func (k key) bytes() (b []byte) {
	for _, w := range k {
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(w>>shift))
		}
	}
	return b
}
