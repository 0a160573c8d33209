package sigma

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// saved is a State as it is written down. Rules are named, not counted, so that a
// state outlives a change of the rules around it.
type saved struct {
	Version      int                         `json:"version"`
	Newest       int64                       `json:"newest"`
	Horizon      int64                       `json:"horizon"`
	Stats        StateStats                  `json:"stats"`
	Pending      []savedOccurrence           `json:"pending,omitempty"`
	Correlations map[string]savedCorrelation `json:"correlations,omitempty"`
}

type savedOccurrence struct {
	At     int64               `json:"at"`
	Ref    string              `json:"ref"`
	Rule   string              `json:"rule"`
	Seq    int                 `json:"seq"`
	Values map[string][]string `json:"values,omitempty"`
}

type savedCorrelation struct {
	Fingerprint string       `json:"fingerprint"`
	Groups      []savedGroup `json:"groups"`
}

type savedGroup struct {
	Values  []string     `json:"values"`
	Quiet   int64        `json:"quiet"`
	Opened  int64        `json:"opened"`
	Last    int64        `json:"last"`
	Entries []savedEntry `json:"entries,omitempty"`
}

type savedEntry struct {
	At     int64               `json:"at"`
	Ref    string              `json:"ref"`
	Part   int                 `json:"part"`
	Value  string              `json:"value,omitempty"`
	Number float64             `json:"number,omitempty"`
	Carry  map[string][]string `json:"carry,omitempty"`
}

const savedVersion = 1

// Save writes the state down. The same state gives the same bytes.
func (s *State) Save() ([]byte, error) {
	out := saved{Version: savedVersion, Newest: s.newest, Horizon: s.horizon, Stats: s.stats, Correlations: map[string]savedCorrelation{}}
	pending := slices.Clone(s.pending)
	slices.SortFunc(pending, held.compare)
	for _, h := range pending {
		o := h.occurrence
		r := s.e.rules[o.rule]
		out.Pending = append(out.Pending, savedOccurrence{o.at, o.ref, r.Rule.Handle(), o.seq, named(r.needs, o.values)})
	}
	for i, groups := range s.groups {
		c := s.e.correlations[i]
		sc := savedCorrelation{Fingerprint: c.def.fingerprint()}
		for _, key := range slices.Sorted(maps.Keys(groups)) {
			g := groups[key]
			sg := savedGroup{Values: g.values, Quiet: g.quiet, Opened: g.opened, Last: g.last}
			for _, e := range g.entries {
				sg.Entries = append(sg.Entries, savedEntry{e.at, e.ref, e.part, e.value, e.number, named(c.needs, e.carry)})
			}
			sc.Groups = append(sc.Groups, sg)
		}
		if len(sc.Groups) > 0 {
			out.Correlations[c.rule.Handle()] = sc
		}
	}
	return json.Marshal(out)
}

func named(names []string, values [][]string) map[string][]string {
	m := map[string][]string{}
	for i, name := range names {
		if i < len(values) && len(values[i]) > 0 {
			m[name] = values[i]
		}
	}
	return m
}

func ordered(names []string, m map[string][]string) [][]string {
	values := make([][]string, len(names))
	for i, name := range names {
		values[i] = m[name]
	}
	return values
}

// LoadState reads back what Save wrote. What belongs to rules that are gone or that
// mean something else now is left out; forgotten names these rules.
func (e *Engine) LoadState(data []byte, o StateOptions) (s *State, forgotten []string, err error) {
	var in saved
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, nil, fmt.Errorf("reading the state of correlations: %w", err)
	}
	if in.Version != savedVersion {
		return nil, nil, fmt.Errorf("the state of correlations has version %d; this program writes %d. Start without it", in.Version, savedVersion)
	}
	s = e.NewState(o)
	s.newest, s.horizon, s.stats = in.Newest, in.Horizon, in.Stats
	lost := map[string]bool{}
	for _, so := range in.Pending {
		i := slices.IndexFunc(e.rules, func(r *Compiled) bool { return r.Rule.Handle() == so.Rule && len(r.feeds) > 0 })
		if i < 0 {
			lost[so.Rule] = true
			continue
		}
		s.pending.push(&occurrence{at: so.At, ref: so.Ref, rule: i, seq: so.Seq, values: ordered(e.rules[i].needs, so.Values)})
	}
	for _, handle := range slices.Sorted(maps.Keys(in.Correlations)) {
		sc := in.Correlations[handle]
		i := slices.IndexFunc(e.correlations, func(c *correlation) bool { return c.rule.Handle() == handle })
		if i < 0 || e.correlations[i].def.fingerprint() != sc.Fingerprint {
			lost[handle] = true
			continue
		}
		for _, sg := range sc.Groups {
			if err := s.restore(e.correlations[i], sg); err != nil {
				return nil, nil, fmt.Errorf("reading the state of correlation %q: %w", handle, err)
			}
		}
	}
	heap.Init(&s.closings)
	return s, slices.Sorted(maps.Keys(lost)), nil
}

func (s *State) restore(c *correlation, sg savedGroup) error {
	if len(sg.Values) != len(c.def.GroupBy) {
		return fmt.Errorf("a group has %d values for %d fields of group-by", len(sg.Values), len(c.def.GroupBy))
	}
	if !c.lasting && len(sg.Entries) == 0 {
		return errors.New("an open window has no events")
	}
	g := &group{values: sg.Values, quiet: sg.Quiet, opened: sg.Opened, last: sg.Last}
	for i, e := range sg.Entries {
		g.sum += e.Number
		if e.Part < 0 || e.Part >= len(c.def.Rules) || i > 0 && e.At < sg.Entries[i-1].At {
			return fmt.Errorf("the event %q at %s does not fit the rule", e.Ref, time.Unix(0, e.At).UTC().Format(time.RFC3339))
		}
		g.entries = append(g.entries, entry{e.At, e.Ref, e.Part, e.Value, e.Number, ordered(c.needs, e.Carry)})
	}
	key := keyOf(sg.Values)
	if s.groups[c.at][key] != nil {
		return fmt.Errorf("the group %q is there twice", sg.Values)
	}
	s.groups[c.at][key] = g
	s.count++
	s.entries += len(g.entries)
	if !c.lasting {
		s.closings = append(s.closings, windowEnd{g.opened + int64(c.def.Timespan), c.at, key})
	}
	return nil
}
