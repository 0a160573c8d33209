package store

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/finding"
)

// packed is a finding's State as stored. What every review would change is left
// out: the time a standing finding was last seen is that of the latest review,
// and one that is new is open once a later review has been.
type packed struct {
	status                             uint8
	first, last, opened, resolved, due int64
}

var (
	statuses = [...]finding.Status{"", finding.New, finding.Open, finding.Reopened, finding.Resolved}
	verdicts = [...]finding.Verdict{"", finding.Pass, finding.Fail, finding.Unknown, finding.NotApplicable, finding.Prevented, finding.Excepted, finding.Error}
)

func statusCode(s finding.Status) uint8   { return uint8(max(0, slices.Index(statuses[:], s))) }
func verdictCode(v finding.Verdict) uint8 { return uint8(max(0, slices.Index(verdicts[:], v))) }

// sighting tells whether a verdict says that the finding is there.
func sighting(v finding.Verdict) bool {
	return v == finding.Fail || v == finding.Excepted || v == finding.Prevented
}

func pack(v finding.Verdict, s finding.State) (packed, error) {
	p := packed{status: statusCode(s.Status)}
	if p.status == 0 || verdictCode(v) == 0 {
		return p, fmt.Errorf("%w: status %q with verdict %q is not known", ErrInput, s.Status, v)
	}
	var err error
	if p.first, err = optional(s.FirstSeen); err != nil {
		return p, err
	}
	if !(s.Live() && sighting(v)) {
		if p.last, err = optional(s.LastSeen); err != nil {
			return p, err
		}
	}
	if p.opened, err = optional(s.Opened); err != nil {
		return p, err
	}
	if p.resolved, err = optional(s.Resolved); err != nil {
		return p, err
	}
	p.due, err = optional(s.Due)
	return p, err
}

// unpack is the state as of a review at an instant.
func (p packed) unpack(v finding.Verdict, review int64) finding.State {
	s := finding.State{
		Status: statuses[p.status], FirstSeen: optionalAt(p.first), LastSeen: optionalAt(p.last),
		Opened: optionalAt(p.opened), Resolved: optionalAt(p.resolved), Due: optionalAt(p.due),
	}
	if s.Live() && sighting(v) {
		s.LastSeen = optionalAt(review)
	}
	if (s.Status == finding.New || s.Status == finding.Reopened) && review > p.opened {
		s.Status = finding.Open
	}
	return s
}

// unpackDetected is the state of a detection's finding as of a review: its times
// are of activity and stored as they are.
func (p packed) unpackDetected(review int64) finding.State {
	return p.unpack(finding.Unknown, review)
}

// still tells whether next needs no writing at a review: it is what p will be
// read as.
func (p packed) still(next packed, review int64) bool {
	if next.status == statusCode(finding.Open) && review > p.opened && (statuses[p.status] == finding.New || statuses[p.status] == finding.Reopened) {
		p.status = next.status
	}
	return p == next
}
