package cloudtrail

import (
	"bytes"
	"testing"
)

// TestFieldsAreFound: the table has every name, none meets another, and no other text
// is taken for a name.
func TestFieldsAreFound(t *testing.T) {
	for _, k := range []*keys{recordKeys, identityKeys, sessionKeys, issuerKeys, attributeKeys} {
		known := 0
		for f, name := range k.names {
			if name == "" {
				continue
			}
			known++
			if got := k.of([]byte(name)); got != Field(f) {
				t.Errorf("%q is field %d, want %d", name, got, f)
			}
			for i := range len(name) {
				other := []byte(name)
				other[i] ^= 1
				if got := k.of(other); got != none && k.names[got] != string(other) {
					t.Errorf("%q is taken for %q", other, k.names[got])
				}
			}
		}
		if want := map[*keys]int{recordKeys: 36, identityKeys: 12, sessionKeys: 2, issuerKeys: 5, attributeKeys: 2}[k]; known != want {
			t.Errorf("%d names, want %d", known, want)
		}
	}
	for _, key := range []string{"", "a", "ab", "abc", "eventid", "x\x00y"} {
		if got := recordKeys.of([]byte(key)); got != none {
			t.Errorf("%q is field %d", key, got)
		}
	}
}

func TestWordsOfEightBytes(t *testing.T) {
	for at := range 8 {
		for c := range 256 {
			b := bytes.Repeat([]byte{'a'}, 8)
			b[at] = byte(c)
			end, err := (&text{b: append(append([]byte{'"'}, b...), `n"`...)}).str(0)
			switch {
			case c == '"':
				if err != nil || end != at+2 {
					t.Errorf("a quote at %d: %d, %v", at, end, err)
				}
			case c < 0x20, c == '\\' && at < 7:
				if err == nil {
					t.Errorf("byte %#x at %d is let pass", c, at)
				}
			case err != nil || end != 11:
				t.Errorf("byte %#x at %d: %d, %v", c, at, end, err)
			}
		}
	}
}
