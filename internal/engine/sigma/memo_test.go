package sigma

import (
	"fmt"
	"testing"
)

func TestMemoForgetsTheOld(t *testing.T) {
	var m memo
	m.start(64<<10, 70)
	often := []byte("often")
	m.find(often).set(69, true, 70)
	for i := range 100_000 {
		if v := m.find(fmt.Appendf(nil, "value %d", i/40)); v == nil {
			t.Fatal("values that come again were given up")
		} else if known, _ := v.get(i % 70); known && i%40 == 0 {
			t.Fatal("a new value has old verdicts")
		} else {
			v.set(i%70, i%2 == 0, 70)
		}
		if i%100 == 0 {
			if known, holds := m.find(often).get(69); !known || !holds {
				t.Fatalf("what is asked for often was forgotten after %d values", i)
			}
		}
		if m.size > 32<<10+4096 {
			t.Fatalf("a generation has %d bytes", m.size)
		}
	}
}

func TestMemoGivesUp(t *testing.T) {
	var m memo
	m.start(1<<20, 1)
	for i := range 10 * memoTrial {
		m.find(fmt.Appendf(nil, "id %d", i))
	}
	if m.most != 0 || m.find([]byte("id 1")) != nil {
		t.Error("values that never come again are still remembered")
	}
	var long memo
	long.start(1<<20, 1)
	if long.find(make([]byte, memoValue+1)) != nil {
		t.Error("a very long value was remembered")
	}
}
