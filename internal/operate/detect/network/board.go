package network

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// sighting is one thing that was seen of a key: a port, a target, a name. Of each only
// the newest is kept.
type sighting struct {
	At   int64   `json:"t"`
	What uint64  `json:"w"`
	Flag bool    `json:"g,omitempty"`
	A    float32 `json:"a,omitempty"`
	B    float32 `json:"b,omitempty"`
	File string  `json:"f,omitempty"`
	Row  int64   `json:"r,omitempty"`
}

// watch is what is known of one key.
type watch[K comparable] struct {
	key   K
	seen  []sighting // by time
	fired int64      // when it last signalled, in time of records; 0 is never
	more  int        // seen since, while it kept quiet

	older, newer *watch[K]
}

// board keeps sightings by key. Keys that were quiet for longest go first when it has
// no more room. An engine that remembers nothing else has all but Observe from it.
type board[K comparable] struct {
	window int64 // seconds that count together
	again  int64 // seconds that a key keeps quiet after a signal
	keep   int   // sightings of a key, at most

	all            map[K]*watch[K]
	oldest, newest *watch[K]
	total          int // sightings
	forgot         int64
}

// A board's budget: about twelve megabytes when it is full.
const (
	mostKeys      = 1 << 15
	mostSightings = 1 << 17
)

// newBoard makes a board for signals that need so many sightings within a window.
func newBoard[K comparable](need int, window, again time.Duration) board[K] {
	return board[K]{window: int64(window / time.Second), again: int64(again / time.Second), keep: max(2*need, 16), all: map[K]*watch[K]{}}
}

// see takes a sighting. Where enough of them lie within a window, by what enough says,
// it gives these and how many others there were since the key last signalled.
func (b *board[K]) see(key K, s sighting, enough func([]sighting) bool) (found []sighting, more int) {
	w := b.watch(key)
	if w.fired != 0 && s.At < w.fired+b.again && s.At > w.fired-b.again {
		w.more++
		return nil, 0
	}
	before := len(w.seen)
	i, counts := w.insert(s)
	if !counts {
		return nil, 0
	}
	i -= w.prune(b.window, b.keep)
	b.total += len(w.seen) - before
	b.makeRoom(w)
	if i < 0 {
		return nil, 0
	}
	// What came in order ends its window; what came late may fill that of a later one.
	for end := i; end < len(w.seen) && w.seen[end].At < s.At+b.window; end++ {
		from := end
		for from > 0 && w.seen[from-1].At > w.seen[end].At-b.window {
			from--
		}
		if from > i {
			break
		}
		if list := w.seen[from : end+1]; enough(list) {
			more = w.more
			w.fired, w.more = w.seen[end].At, 0
			b.total -= len(w.seen)
			w.seen = w.seen[:0:0]
			return list, more
		}
	}
	return nil, 0
}

// insert puts a sighting into its place; an older one of the same thing goes.
func (w *watch[K]) insert(s sighting) (at int, added bool) {
	for i := range w.seen {
		if w.seen[i].What != s.What {
			continue
		}
		if w.seen[i].At >= s.At {
			return 0, false
		}
		w.seen = slices.Delete(w.seen, i, i+1)
		break
	}
	at = len(w.seen)
	for at > 0 && w.seen[at-1].At > s.At {
		at--
	}
	w.seen = slices.Insert(w.seen, at, s)
	return at, true
}

// prune drops what is too old to matter and the oldest beyond keep, and gives how many.
func (w *watch[K]) prune(window int64, keep int) int {
	old := w.seen[len(w.seen)-1].At - window - int64(Tolerance/time.Second)
	n := 0
	for n < len(w.seen) && (w.seen[n].At < old || len(w.seen)-n > keep) {
		n++
	}
	w.seen = slices.Delete(w.seen, 0, n)
	return n
}

// watch finds the watch of a key and marks it as the newest.
func (b *board[K]) watch(key K) *watch[K] {
	w := b.all[key]
	if w == nil {
		w = &watch[K]{key: key}
		b.all[key] = w
	} else if w == b.newest {
		return w
	} else {
		b.unlink(w)
	}
	b.link(w)
	return w
}

func (b *board[K]) link(w *watch[K]) {
	w.older, w.newer = b.newest, nil
	if b.newest != nil {
		b.newest.newer = w
	} else {
		b.oldest = w
	}
	b.newest = w
}

func (b *board[K]) unlink(w *watch[K]) {
	if w.older != nil {
		w.older.newer = w.newer
	} else {
		b.oldest = w.newer
	}
	if w.newer != nil {
		w.newer.older = w.older
	} else {
		b.newest = w.older
	}
}

// makeRoom forgets what was quiet for longest.
func (b *board[K]) makeRoom(but *watch[K]) {
	for (len(b.all) > mostKeys || b.total > mostSightings) && b.oldest != but {
		b.forgot++
		b.drop(b.oldest)
	}
}

func (b *board[K]) drop(w *watch[K]) {
	b.total -= len(w.seen)
	b.unlink(w)
	delete(b.all, w.key)
}

// Advance drops what can no longer come to anything.
func (b *board[K]) Advance(at time.Time, _ func(Signal)) {
	before := at.Unix() - b.window - int64(Tolerance/time.Second)
	for b.oldest != nil {
		w := b.oldest
		last := w.fired + b.again
		if w.fired == 0 {
			last = 0
		}
		if n := len(w.seen); n > 0 {
			last = max(last, w.seen[n-1].At)
		}
		if last >= before {
			return
		}
		b.drop(w)
	}
}

// savedWatch is a watch as it is written down, the oldest first.
type savedWatch[K comparable] struct {
	Key   K          `json:"k"`
	Seen  []sighting `json:"s,omitempty"`
	Fired int64      `json:"fired,omitempty"`
	More  int        `json:"more,omitempty"`
}

type savedBoard[K comparable] struct {
	Watches []savedWatch[K] `json:"watches"`
	Forgot  int64           `json:"forgot,omitempty"`
}

// Save writes the sightings down.
func (b *board[K]) Save() ([]byte, error) {
	s := savedBoard[K]{Watches: []savedWatch[K]{}, Forgot: b.forgot}
	for w := b.oldest; w != nil; w = w.newer {
		s.Watches = append(s.Watches, savedWatch[K]{w.key, w.seen, w.fired, w.more})
	}
	return json.Marshal(s)
}

// Load reads them back. Where fewer of a key are wanted than were kept, those are the
// newest.
func (b *board[K]) Load(data []byte) error {
	var s savedBoard[K]
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	b.all, b.oldest, b.newest, b.total, b.forgot = map[K]*watch[K]{}, nil, nil, 0, s.Forgot
	for _, saved := range s.Watches[max(0, len(s.Watches)-mostKeys):] {
		if b.all[saved.Key] != nil || !slices.IsSortedFunc(saved.Seen, func(x, y sighting) int { return int(min(1, max(-1, x.At-y.At))) }) {
			return fmt.Errorf("state: key %v is not as it was saved", saved.Key)
		}
		w := &watch[K]{key: saved.Key, seen: slices.Clip(saved.Seen[max(0, len(saved.Seen)-b.keep):]), fired: saved.Fired, more: saved.More}
		b.all[w.key] = w
		b.link(w)
		b.total += len(w.seen)
	}
	return nil
}

// Cold is for engines that need nothing to begin with.
func (b *board[K]) Cold() string { return "" }

// Forgot counts the keys that were dropped for want of room.
func (b *board[K]) Forgot() int64 { return b.forgot }

// tell fills what sightings say into a signal.
func tell(s *Signal, found []sighting, more int) {
	s.First, s.Last = unix(found[0].At), unix(found[len(found)-1].At)
	s.Count = len(found) + more
	const shown = 5
	for i, x := range found {
		if x.File != "" && (i < shown-1 || i == len(found)-1) {
			s.Lines = append(s.Lines, line(x.File, x.Row))
		}
	}
}

// line is where a record stands.
func line(file string, row int64) string { return file + ":" + strconv.FormatInt(row, 10) }

// share is the part of sightings that are flagged.
func share(list []sighting) float64 {
	n := 0
	for i := range list {
		if list[i].Flag {
			n++
		}
	}
	return float64(n) / float64(len(list))
}
