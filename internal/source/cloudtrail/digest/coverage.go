package digest

import (
	"crypto/sha256"
	"time"
)

// Coverage remembers which log files valid digests list, and for what time there are
// valid digests, to find log files that none speaks for.
type Coverage struct {
	Filter Filter
	listed map[[16]byte]struct{}
	spans  map[[2]string]span // account, Region
}

type span struct{ from, to time.Time }

// Place is when a log file that no digest lists was delivered.
type Place string

// The places. Digests follow their logs by an hour or two, so that the newest logs are
// always later than the last digest.
const (
	Within    Place = "within" // among verified digests: CloudTrail did not sign for it
	Later     Place = "later"  // after the newest verified digest
	Earlier   Place = "earlier"
	NoDigests Place = "no-digests" // no digest of this account and Region was verified
)

// around the ends of digests a log may belong to the next one.
const around = 15 * time.Minute

// Add takes what came out of a verification.
func (c *Coverage) Add(i Item) {
	if i.Object == nil {
		return
	}
	if c.listed == nil {
		c.listed, c.spans = map[[16]byte]struct{}{}, map[[2]string]span{}
	}
	if i.Object.Kind == KindLog {
		c.listed[mark(i.Object.Location)] = struct{}{}
		return
	}
	if i.Object.Status != Valid {
		return
	}
	at := [2]string{i.Chain.Account, i.Chain.Region}
	s, ok := c.spans[at]
	if !ok || i.Start.Before(s.from) {
		s.from = i.Start
	}
	if !ok || i.End.After(s.to) {
		s.to = i.End
	}
	c.spans[at] = s
}

// Uncovered tells whether an object is a log file that was asked for and that no valid
// digest lists.
func (c *Coverage) Uncovered(l Location) (Place, bool) {
	n, ok := parseLogName(l.Key)
	if !ok || !c.asked(n) {
		return "", false
	}
	if _, listed := c.listed[mark(l)]; listed {
		return "", false
	}
	s, ok := c.spans[[2]string{n.account, n.region}]
	switch {
	case !ok:
		return NoDigests, true
	case !n.at.Before(s.to.Add(-around)):
		return Later, true
	case n.at.Before(s.from.Add(around)):
		return Earlier, true
	}
	return Within, true
}

func (c *Coverage) asked(n logName) bool {
	f := c.Filter
	if f.Owner != "" && f.Account == "" && n.organization == "" && n.account != f.Owner {
		return false
	}
	return f.place(n.organization, n.account, n.region) &&
		(f.Start.IsZero() || !n.at.Before(f.Start)) && (f.End.IsZero() || !n.at.After(f.End))
}

// mark stands for a location; that two have the same is out of the question.
func mark(l Location) [16]byte {
	sum := sha256.Sum256([]byte(l.String()))
	return [16]byte(sum[:16])
}
