package sigma

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// StateOptions bound what a State keeps and how long it waits. Zero fields take the
// defaults.
type StateOptions struct {
	// Tolerance is how long events are held back so that those delivered late can
	// take their place. Later ones still count, where the events around them are
	// kept. A negative one holds nothing back.
	Tolerance time.Duration
	Groups    int // groups at a time
	Entries   int // events in all groups
	Pending   int // events held back
}

// DefaultState waits as long as CloudTrail usually takes to deliver, and stays
// within some 100 MiB.
var DefaultState = StateOptions{Tolerance: 15 * time.Minute, Groups: 100_000, Entries: 400_000, Pending: 200_000}

// mostInGroup bounds the events kept for one group of one correlation, mostInOrder
// those of an order, which are all looked at for every event.
const (
	mostInGroup = 50_000
	mostInOrder = 2_000
)

func (o StateOptions) orDefault() StateOptions {
	if o.Tolerance == 0 {
		o.Tolerance = DefaultState.Tolerance
	}
	o.Tolerance = max(o.Tolerance, 0)
	for _, pair := range [][2]*int{{&o.Groups, &DefaultState.Groups}, {&o.Entries, &DefaultState.Entries}, {&o.Pending, &DefaultState.Pending}} {
		if *pair[0] <= 0 {
			*pair[0] = *pair[1]
		}
	}
	return o
}

// StateStats count what did not go the plain way.
type StateStats struct {
	Observed   int // events of rules that take part in correlations
	Timeless   int // had no time between 1970 and 2200, so they were left out
	Late       int // came after their time was judged
	Ungrouped  int // lack a field of group-by, or the field to compute with
	Crowded    int // have more values in these fields than are told apart; the rest was left out
	Unreadable int // the field to compute with was no number
	Forced     int // judged early, because too many were held back
	Evicted    int // groups forgotten before their time, because there were too many
	Dropped    int // events forgotten before their time
}

// State correlates matches over time. The same events give the same hits in
// whatever order they come, as long as none comes later than the tolerance and no
// bound is reached.
type State struct {
	e         *Engine
	o         StateOptions
	newest    int64 // the latest time seen, in Unix nanoseconds
	horizon   int64 // up to here all is judged
	pending   occurrences
	closings  closings
	groups    []map[string]*group // by correlation
	count     int                 // groups
	entries   int
	processed int
	stats     StateStats
	values    []Value
	shared    [1 << sharedBits]string // texts of events, where their hashes point
	yield     func(Hit)
}

// Hit is a correlation that has come true.
type Hit struct {
	Rule   *Rule
	Group  []GroupValue // in the order of group-by
	First  time.Time
	Last   time.Time // of the last event, or the end of the window where that decides
	Count  int       // events kept of the window
	Value  float64   // what the condition was about
	Events []string  // references of the events, at most 100, the last ones
}

// GroupValue is the value that all events of a hit share in one field.
type GroupValue struct{ Field, Value string }

// occurrence is one match of a rule, on its way to the correlations.
type occurrence struct {
	at     int64
	ref    string
	rule   int
	seq    int // breaks ties of events without references
	values [][]string

	// Room for values, most of which are few.
	lists [2][]string
	texts [2]string
}

func (o *occurrence) compare(p *occurrence) int {
	if o.at != p.at { // mostly; the rest need not be looked at then
		return cmp.Compare(o.at, p.at)
	}
	return cmp.Or(cmp.Compare(o.ref, p.ref), cmp.Compare(o.rule, p.rule), cmp.Compare(o.seq, p.seq))
}

const never64 = -1 << 63

// NewState gives an empty state for the correlations of an engine.
func (e *Engine) NewState(o StateOptions) *State {
	s := &State{e: e, o: o.orDefault(), newest: never64, horizon: never64, groups: make([]map[string]*group, len(e.correlations))}
	for i := range s.groups {
		s.groups[i] = map[string]*group{}
	}
	return s
}

// Stats tells what did not go the plain way.
func (s *State) Stats() StateStats { return s.stats }

// Pending gives how many events are held back.
func (s *State) Pending() int { return len(s.pending) }

// Observe takes one match. The reference names the event, and should be its unique
// id: it orders events of the same time. Hits are yielded as they come true.
func (s *State) Observe(r *Compiled, event Event, at time.Time, ref string, yield func(Hit)) {
	if len(r.feeds) == 0 {
		return
	}
	s.stats.Observed++
	if y := at.UTC().Year(); y < 1970 || y > 2200 {
		s.stats.Timeless++
		return
	}
	o := &occurrence{at: at.UnixNano(), ref: valid(ref), rule: r.at, seq: s.stats.Observed}
	s.read(o, r, event)
	s.yield = yield
	defer func() { s.yield = nil }()
	if s.horizon != never64 && o.at < s.horizon {
		s.stats.Late++
		s.deliver(r.feeds, o)
		return
	}
	s.pending.push(o)
	s.newest = max(s.newest, o.at)
	s.judge(s.newest - int64(s.o.Tolerance))
	for len(s.pending) > s.o.Pending {
		s.stats.Forced++
		s.judge(s.pending[0].at)
	}
}

// Advance says that nothing older than at-tolerance is to come: what was held back
// until then is judged.
func (s *State) Advance(at time.Time, yield func(Hit)) {
	s.yield = yield
	defer func() { s.yield = nil }()
	s.newest = max(s.newest, at.UnixNano())
	s.judge(s.newest - int64(s.o.Tolerance))
}

// Flush judges everything that is held back, as at the end of all events: windows
// that are still open are closed.
func (s *State) Flush(yield func(Hit)) {
	s.yield = yield
	defer func() { s.yield = nil }()
	s.judge(1<<63 - 1)
	s.horizon = s.newest
}

// read takes the fields that correlations want of an event.
func (s *State) read(o *occurrence, r *Compiled, event Event) {
	o.values = o.lists[:min(len(r.needs), len(o.lists))]
	if len(r.needs) > len(o.lists) {
		o.values = make([][]string, len(r.needs))
	}
	for i, paths := range r.paths {
		var values []string
		if i < len(o.texts) {
			values = o.texts[i : i : i+1]
		}
		for _, path := range paths {
			s.values = event.Values(s.values[:0], s.e.paths[path])
			for _, v := range s.values {
				if v.Kind != Null && v.Kind != Empty {
					values = append(values, s.text(v.Text))
				}
			}
			if len(values) > 0 {
				o.values[i] = values
				break
			}
		}
	}
}

// text gives a value as it is kept. The same few come again and again, so those met
// last are shared.
func (s *State) text(text []byte) string {
	if len(text) == 0 || len(text) > mostKept {
		return short(text)
	}
	k := maphash.Bytes(seed, text) >> (64 - sharedBits)
	if s.shared[k] == string(text) { // as it came; a mended one differs and is not shared
		return s.shared[k]
	}
	kept := short(text)
	s.shared[k] = kept
	return kept
}

const sharedBits = 10

var seed = maphash.MakeSeed()

const mostKept = 512 // bytes of one value

// short gives a value as it is kept: the end of a very long one as a checksum.
func short(text []byte) string {
	if len(text) > mostKept {
		sum := fnv.New64a()
		sum.Write(text)
		text = fmt.Appendf(nil, "%s… (%016x)", text[:mostKept-32], sum.Sum64())
	}
	return valid(string(text))
}

// valid makes a text one that outlives being saved. Asking whether it is costs far
// less than making it so.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// judge works off what happened up to the horizon, in order: events, and windows
// that close.
func (s *State) judge(horizon int64) {
	for {
		event := len(s.pending) > 0 && s.pending[0].at <= horizon
		closing := len(s.closings) > 0 && s.closings[0].at < horizon
		switch {
		case event && (!closing || s.pending[0].at <= s.closings[0].at):
			o := s.pending.pop()
			s.horizon = max(s.horizon, o.at)
			s.deliver(s.e.rules[o.rule].feeds, o)
		case closing:
			c := heap.Pop(&s.closings).(windowEnd)
			s.horizon = max(s.horizon, c.at)
			s.close(c)
		default:
			s.horizon = max(s.horizon, min(horizon, s.newest))
			return
		}
	}
}

// deliver hands an occurrence to every correlation that takes its rule, once for
// every group its values belong to.
func (s *State) deliver(feeds []feed, o *occurrence) {
	for i := range feeds {
		f := &feeds[i]
		c := s.e.correlations[f.to]
		var one, another [1][]string
		keys, more := combinations(o.values, f.group, one[:0])
		values, evenMore := combinations(o.values, f.fields, another[:0])
		if more || evenMore {
			s.stats.Crowded++
		}
		if len(keys) == 0 || len(values) == 0 {
			s.stats.Ungrouped++
			continue
		}
		for _, key := range keys {
			for _, value := range values {
				s.take(c, f, o, key, value)
			}
		}
	}
	if s.processed++; s.processed%4096 == 0 {
		s.sweep()
	}
}

const mostCombinations = 16

var oneWay = [][]string{nil} // to take nothing; nobody changes it

// combinations gives the ways to take one value of each of these fields, in the room
// it is given where that is enough, and whether there were more. No field at all is
// one way; a field without values leaves none.
func combinations(values [][]string, places []int, room [][]string) (out [][]string, more bool) {
	if len(places) == 0 {
		return oneWay, false
	}
	if len(places) == 1 && len(values[places[0]]) == 1 { // mostly
		return append(room, values[places[0]]), false
	}
	out = [][]string{nil}
	for _, place := range places {
		var next [][]string
		for _, head := range out {
			for _, v := range values[place] {
				if len(next) == mostCombinations {
					more = true
					break
				}
				next = append(next, append(slices.Clip(head), v))
			}
		}
		out = next
	}
	return out, more
}

// keyOf writes values so that different ones are different texts.
func keyOf(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	var b []byte
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	}
	return string(b)
}
