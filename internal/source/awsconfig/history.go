package awsconfig

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// History puts the items of many files together into versions with a time of
// validity. The zero History is ready; it is not safe for concurrent use.
//
// An item holds from when it was captured until the next one of the same
// resource was; a deletion ends it. Snapshots repeat what history files said, so
// equal neighbours become one version. What no item says is not filled in: a
// resource is not known before its first item.
//
// It holds every item added to it, some kilobytes each; for estates that do not
// fit, feed it one Region's files after the other, since no resource lives in two.
type History struct {
	items map[string][]Item
	gaps  []evidence.Gap
}

// Add takes the items and gaps of a file.
func (h *History) Add(file File) {
	for _, item := range file.Items {
		h.AddItem(item)
	}
	h.gaps = append(h.gaps, file.Gaps...)
}

// AddItem takes one item, as Scan hands it over.
func (h *History) AddItem(item Item) {
	if h.items == nil {
		h.items = map[string][]Item{}
	}
	h.items[item.Key] = append(h.items[item.Key], item)
}

// Gaps lists what is missing: that of the files, and each resource whose
// recording had ended at its last item.
func (h *History) Gaps() []evidence.Gap {
	gaps := slices.Clone(h.gaps)
	for _, key := range h.keys() {
		items := h.ordered(key)
		if last := items[len(items)-1]; last.Status == NotRecorded {
			gaps = append(gaps, evidence.Gap{
				Account: last.Account, Region: last.Region, Service: "config", Operation: "GetResourceConfigHistory", Types: typesOf(last.Type),
				Reason: evidence.NotRecorded, Detail: shorten("AWS Config stopped recording " + last.Type + " " + last.ID + " on " + last.Captured.Format(time.RFC3339)),
			})
		}
	}
	return gaps
}

// Versions lists every version, by resource and then by time.
func (h *History) Versions() []evidence.Version {
	var out []evidence.Version
	for _, key := range h.keys() {
		out = append(out, versionsOf(h.ordered(key))...)
	}
	slices.SortStableFunc(out, func(a, b evidence.Version) int {
		return cmp.Or(strings.Compare(a.Resource.Key(), b.Resource.Key()), a.Valid.From.Compare(b.Valid.From))
	})
	return out
}

func (h *History) keys() []string {
	keys := make([]string, 0, len(h.items))
	for k := range h.items {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// ordered sorts the items of a resource by time and keeps one per instant: the
// one with the highest state id, because AWS counts those up.
func (h *History) ordered(key string) []Item {
	items := h.items[key]
	slices.SortStableFunc(items, func(a, b Item) int {
		return cmp.Or(a.Captured.Compare(b.Captured), compareNumerals(a.StateID, b.StateID), cmp.Compare(knowledge(a), knowledge(b)))
	})
	kept := items[:0]
	for _, item := range items {
		if n := len(kept); n > 0 && kept[n-1].Captured.Equal(item.Captured) {
			kept[n-1] = item
			continue
		}
		kept = append(kept, item)
	}
	h.items[key] = kept
	return kept
}

// knowledge prefers an item that was understood over a broken copy of it.
func knowledge(i Item) int {
	if i.opaque {
		return 0
	}
	return 1
}

func compareNumerals(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// versionsOf follows one resource, and the parts emitted with it, through time.
func versionsOf(items []Item) []evidence.Version {
	var done []evidence.Version
	open := map[string]evidence.Version{}
	for _, item := range items {
		next := make(map[string]evidence.Version, len(item.Resources))
		for _, r := range item.Resources {
			key := r.Key()
			if was, ok := open[key]; ok && same(&was.Resource, r) {
				next[key] = was
				delete(open, key)
				continue
			}
			next[key] = evidence.Version{Resource: *r, Valid: evidence.Interval{From: item.Captured}}
		}
		done = append(done, ended(open, item.Captured)...)
		open = next
	}
	return append(done, ended(open, time.Time{})...)
}

// ended closes versions; at the zero time they stay open.
func ended(open map[string]evidence.Version, at time.Time) []evidence.Version {
	var out []evidence.Version
	for _, v := range open {
		v.Valid.To = at
		out = append(out, v)
	}
	return out
}

func same(a, b *evidence.Resource) bool {
	x, err := a.Digest()
	if err != nil {
		return false
	}
	y, err := b.Digest()
	return err == nil && x == y
}
