package cloudtrail

import (
	"testing"
	"time"
)

func TestInstants(t *testing.T) {
	for _, v := range []string{"2026-03-02T13:11:59Z", "1999-12-28T00:00:00Z", "2026-02-29T00:00:00Z"} {
		for i := range v {
			for c := range 256 {
				b := []byte(v)
				b[i] = byte(c)
				want, err := time.Parse(time.RFC3339Nano, string(b))
				if err != nil {
					want = time.Time{}
				}
				if got := instant(b); !got.Equal(want) {
					t.Errorf("%q: %v, should be %v", b, got, want)
				}
			}
		}
	}
}
