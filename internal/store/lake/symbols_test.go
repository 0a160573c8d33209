package lake

import (
	"fmt"
	"testing"
)

func TestSymbolsNumberEachValueOnce(t *testing.T) {
	var s symbols
	for round := range 2 {
		codes := map[uint32]string{}
		for i := range 5000 {
			v := fmt.Sprintf("arn:aws:iam::111122223333:role/%d", i*7919)
			c := s.code([]byte(v))
			if before, taken := codes[c]; taken || c == 0 {
				t.Fatalf("round %d: %q has code %d, which %q has", round, v, c, before)
			}
			codes[c] = v
		}
		for c, v := range codes {
			if got := s.code([]byte(v)); got != c || s.text(c) != v {
				t.Fatalf("round %d: %q had code %d, and now %d, which is %q", round, v, c, got, s.text(c))
			}
		}
		if s.size() != 5001 {
			t.Fatalf("%d codes for 5000 values and none", s.size())
		}
		s.reset()
		if s.size() != 1 || s.code(nil) != 0 || s.text(0) != "" {
			t.Fatal("values outlive reset")
		}
	}
}

func TestSymbolsKeepLongAndOddValues(t *testing.T) {
	var s symbols
	long := make([]byte, 3*roomBytes)
	for i := range long {
		long[i] = 'a' + byte(i%26)
	}
	odd := []byte("caf\xe9")
	one, other := s.code(long), s.code(odd)
	long2, odd2 := string(long), s.text(other)
	clear(long) // the caller's memory is its own again
	if s.text(one) != long2 {
		t.Error("a long value changed with the caller's memory")
	}
	if odd2 != "caf\uFFFD" {
		t.Errorf("a value that is not UTF-8 is kept as %q", odd2)
	}
	if again := s.code([]byte("caf\uFFFD")); again == other {
		t.Error("two values that came differently have one code")
	}
}
