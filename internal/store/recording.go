package store

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

// Recording is what a stretch of detection leaves in the store, all of it or
// nothing: what it found, what it read to find that, and what the detector
// remembers of it.
type Recording struct {
	At     time.Time // when it is recorded
	Source string    // what is read, in words: the detector's state belongs to it
	// After is the number of the recording that this one goes on from, 0 where it goes
	// on from none. What the store has of this source behind that number was lost on
	// the way (a process ended before it had noted how far it came) and is replaced.
	After int64

	Alerts []Alert
	Read   []Reading
	Gaps   []evidence.Gap // files, and parts of files, that could not be read
	State  []byte         // of the detector; nil leaves none
	Off    []Off          // detections that did not look, whatever was read

	// Excepts names the exception that covers a finding at a time; nil: there are none.
	Excepts func(*finding.Finding) (id string, ok bool)
	// Quiet is how long nothing may come of a finding, while the activity of its
	// account and Region is read, until it counts as resolved. 0 resolves nothing.
	Quiet time.Duration
}

// Alert is an alert with what its finding says besides.
type Alert struct {
	finding.Alert
	Type      string   // of the resource
	Practices []string // that its objective serves
}

// Reading is what was read of the activity of one account, Region and day.
type Reading struct {
	Account string
	Region  string
	Day     time.Time // midnight, UTC
	Events  int
	First   time.Time
	Last    time.Time
	// Logs are the kinds of logs that events were of, as detections ask for them:
	// management, data:AWS::S3::Object, network, insights, flow, dns.
	Logs []string
}

// Off is a detection that does not look.
type Off struct {
	Rule   string   `json:"rule"`
	Title  string   `json:"title,omitempty"`
	Reason string   `json:"reason"`
	Needs  []string `json:"needs,omitempty"` // kinds of logs that it has not got
}

// Tally counts what was read, event by event. The zero Tally is ready; it is not
// safe for concurrent use.
type Tally struct {
	days map[readKey]*Reading
	last *Reading // that of the event before, which the next one mostly shares
	key  readKey
}

type readKey struct {
	account, region string
	day             int64
}

const secondsOfDay = 24 * 60 * 60

// Add counts one event. The texts are cloned where they are new.
func (t *Tally) Add(account, region string, at time.Time, log string) {
	key := readKey{account, region, at.Unix() / secondsOfDay}
	if t.last == nil || key != t.key {
		t.find(key)
	}
	r := t.last
	r.Events++
	if at.Before(r.First) || r.Events == 1 {
		r.First = at
	}
	if at.After(r.Last) {
		r.Last = at
	}
	if i, ok := slices.BinarySearch(r.Logs, log); !ok && log != "" {
		r.Logs = slices.Insert(r.Logs, i, strings.Clone(log))
	}
}

func (t *Tally) find(key readKey) {
	r := t.days[key]
	if r == nil {
		if t.days == nil {
			t.days = map[readKey]*Reading{}
		}
		key.account, key.region = strings.Clone(key.account), strings.Clone(key.region)
		r = &Reading{Account: key.account, Region: key.region, Day: time.Unix(key.day*secondsOfDay, 0).UTC()}
		t.days[key] = r
	}
	t.key, t.last = readKey{r.Account, r.Region, key.day}, r
}

// Take gives what was counted, in the order of account, Region and day, and
// begins anew.
func (t *Tally) Take() []Reading {
	out := make([]Reading, 0, len(t.days))
	for _, r := range t.days {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Reading) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), a.Day.Compare(b.Day))
	})
	*t = Tally{}
	return out
}
