package packed

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
)

func write(t testing.TB, entries map[string]string, size int) []byte {
	t.Helper()
	data, err := Write(Header{Source: "a test", License: "none"}, entries, size)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRoundTrip(t *testing.T) {
	entries := map[string]string{"b": "", "a": strings.Repeat("first ", 100), "c": "third", "long": strings.Repeat("x", 1000), "#i": "index"}
	for _, size := range []int{1, 10, 700, 1 << 20} {
		data := write(t, entries, size)
		if again := write(t, entries, size); !bytes.Equal(data, again) {
			t.Errorf("blocks of %d: two writings differ", size)
		}
		f, err := Open(data)
		if err != nil {
			t.Fatalf("blocks of %d: %v", size, err)
		}
		if f.Header.Source != "a test" || f.Len() != len(entries) {
			t.Errorf("blocks of %d: %+v with %d entries", size, f.Header, f.Len())
		}
		for i, name := range slices.Sorted(maps.Keys(entries)) {
			at, found := f.Find(name)
			text, err := f.Entry(at)
			if !found || at != i || f.Name(i) != name || text != entries[name] || err != nil {
				t.Errorf("blocks of %d: %s is at %d, %v, with %q, %v", size, name, at, found, text, err)
			}
		}
		if _, found := f.Find("nope"); found {
			t.Error("found an entry that is not there")
		}
	}
}

func TestRefusals(t *testing.T) {
	good := string(write(t, map[string]string{"a": "one", "b": "two"}, 3))
	header, rest, _ := strings.Cut(good, "\n")
	sizes, body, _ := strings.Cut(rest, "\n")
	for name, data := range map[string]string{
		"nothing":        "",
		"no json":        "x\n",
		"another format": `{"format":2}` + "\n" + rest,
		"no sizes":       header + "\n",
		"empty sizes":    header + "\n\n" + body,
		"bad sizes":      header + "\n1:x 2\n" + body,
		"too large":      header + "\n1:99999999999\n" + body,
		"cut short":      header + "\n" + sizes + "\n" + body[:3],
		"a lone index":   header + "\n" + strings.Fields(sizes)[0] + "\n" + body,
		"not compressed": header + "\n3:3\nabc",
	} {
		if f, err := Open([]byte(data)); err == nil {
			t.Errorf("%s: opened with %d entries", name, f.Len())
		}
	}
	if _, err := Write(Header{}, map[string]string{"a\tb": ""}, 10); err == nil {
		t.Error("a name with a tab was written")
	}
}

// TestDamagedBlock: the entries of other blocks stay readable.
func TestDamagedBlock(t *testing.T) {
	data := write(t, map[string]string{"a": strings.Repeat("one ", 50), "b": strings.Repeat("two ", 50)}, 10)
	data[len(data)-3] ^= 0xff
	f, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := f.Entry(0); err != nil || !strings.HasPrefix(text, "one ") {
		t.Errorf("entry a is %q, %v", text, err)
	}
	if text, err := f.Entry(1); err == nil && text == strings.Repeat("two ", 50) {
		t.Error("the damage changed nothing")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(write(f, map[string]string{"a": "one", "b": "two"}, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		opened, err := Open(data)
		if err != nil {
			return
		}
		for i := range opened.Len() {
			if text, err := opened.Entry(i); err == nil && len(text) != opened.index[i].len {
				t.Errorf("entry %d has %d bytes", i, len(text))
			}
		}
	})
}
