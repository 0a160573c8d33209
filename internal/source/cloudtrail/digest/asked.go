package digest

import (
	"context"
	"crypto/rsa"
	"sync"
	"time"
)

// Asked are the public keys of Regions that are asked for them: once for each time
// that digests are from.
type Asked struct {
	// Ask gives the keys, in DER, that a Region used at some time between from and to.
	Ask func(ctx context.Context, region string, from, to time.Time) ([][]byte, error)

	mu      sync.Mutex
	answers map[question]*answer
}

type question struct {
	region   string
	from, to time.Time
}

type answer struct {
	once sync.Once
	keys Keys
	err  error
}

// Find implements PublicKeys.
func (a *Asked) Find(ctx context.Context, region, fingerprint string, from, to time.Time) (*rsa.PublicKey, error) {
	q := question{region, from, to}
	a.mu.Lock()
	if a.answers == nil {
		a.answers = map[question]*answer{}
	}
	known := a.answers[q]
	if known == nil {
		known = &answer{}
		a.answers[q] = known
	}
	a.mu.Unlock()
	known.once.Do(func() {
		var ders [][]byte
		ders, known.err = a.Ask(ctx, region, from, to)
		for _, der := range ders {
			key := Key{Fingerprint: Fingerprint(der)}
			var err error
			if key.Public, err = ParseKey(der); err != nil {
				key.Fault = err.Error()
			}
			known.keys.Add(key)
		}
	})
	if known.err != nil {
		return nil, known.err
	}
	return known.keys.Find(ctx, region, fingerprint, time.Time{}, time.Time{})
}
