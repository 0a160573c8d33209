package network

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// flood finds far more packets to one address on the Internet than anybody there asks
// for. Packets are counted by the minute, and judged once the answers to them have
// had time to be logged: what is answered is a transfer.
type flood struct {
	kind     string
	packets  float64
	answered float64
	size     float64
	again    int64

	all    map[met]*stream
	hot    map[met]int64 // streams with a minute that may be a flood, and which
	forgot int64
}

// stream is what went between two by the minute.
type stream struct {
	Minutes []minute `json:"m"` // by time
	Fired   int64    `json:"fired,omitempty"`
	From    Signal   `json:"from"` // who it is about
}

// minute is one minute of a stream.
type minute struct {
	At   int64   `json:"t"` // of its beginning, in minutes
	Out  float64 `json:"o,omitempty"`
	Size float64 `json:"b,omitempty"` // bytes out
	In   float64 `json:"i,omitempty"`
	File string  `json:"f,omitempty"`
	Row  int64   `json:"r,omitempty"`
}

// floodKinds are the kinds of packets that are told apart, as GuardDuty does.
var floodKinds = []string{"tcp", "udp", "dns", "udp-on-tcp-port", "unusual-protocol"}

const (
	mostStreams   = 1 << 14
	mostMinutes   = 32 // of a stream: the tolerance, and a flow's ten
	floodsSpanMax = 15 // minutes that one flow may take
)

func newFlood(s *settings, _ *Threats) Engine {
	return &flood{
		kind:     s.word("kind", "", "which packets", floodKinds...),
		packets:  s.number("packets", 100_000, 1, 1e12, "packets a minute to one address"),
		answered: s.number("answered", 0.05, 0, 10, "packets back for each, beyond which it is a transfer"),
		size:     s.number("mean_size", 0, 0, 65535, "bytes of a packet on average, beyond which it is a transfer; 0 is without limit"),
		again:    int64(s.span("again", "1h", quietly, 72*time.Hour) / time.Second),
		all:      map[met]*stream{}, hot: map[met]int64{},
	}
}

// kindOf names the kind of packets a flow is of, seen from who sent them out.
func kindOf(f *evidence.Flow, peerPort uint16) string {
	switch f.Protocol {
	case tcp:
		return "tcp"
	case udp:
		switch {
		case peerPort == 53:
			return "dns"
		case slices.Contains(tcpOnly, peerPort):
			return "udp-on-tcp-port"
		}
		return "udp"
	case icmp, 58, 50, 51, 47, 4, 41: // ping, and the protocols of tunnels
		return ""
	}
	return "unusual-protocol"
}

// tcpOnly are ports of services that speak TCP alone.
var tcpOnly = []uint16{20, 21, 22, 23, 25, 80, 110, 143, 445, 465, 587, 993, 995, 1433, 3306, 5432, 8080}

func (e *flood) Observe(c *Contact, _ func(Signal)) {
	f := c.Flow
	if !c.Public || kindOf(f, c.PeerPort) != e.kind {
		return
	}
	key := met{Interface: f.Interface, Own: c.Own, Peer: c.Peer}
	s := e.all[key]
	if s == nil {
		// Only what could be a part of a flood, or of the answers to one, is worth
		// remembering: a tenth of a minute's.
		least := e.packets / 10
		if !c.Out {
			least *= e.answered
		}
		if !f.Accepted || float64(f.Packets) < least {
			return
		}
		if len(e.all) >= mostStreams {
			e.makeRoom()
		}
		s = &stream{}
		e.all[key] = s
	}
	if !f.Accepted {
		return
	}
	from, to := f.Start.Unix()/60, max(f.End.Unix()-1, f.Start.Unix())/60
	to = min(to, from+floodsSpanMax)
	n := float64(to - from + 1)
	for at := from; at <= to; at++ {
		m := s.minute(at)
		if m == nil {
			continue
		}
		if !c.Out {
			m.In += float64(f.Packets) / n
			continue
		}
		s.From = of(c)
		m.Out += float64(f.Packets) / n
		m.Size += float64(f.Bytes) / n
		if m.File == "" {
			m.File, m.Row = f.File, f.Row
		}
		if m.Out >= e.packets {
			if was, ok := e.hot[key]; !ok || at < was {
				e.hot[key] = at
			}
		}
	}
}

// minute finds a minute, or makes room for it; nil is one that is long past.
func (s *stream) minute(at int64) *minute {
	i, ok := slices.BinarySearchFunc(s.Minutes, at, func(m minute, at int64) int { return cmp.Compare(m.At, at) })
	if ok {
		return &s.Minutes[i]
	}
	if len(s.Minutes) >= mostMinutes {
		if i == 0 {
			return nil
		}
		s.Minutes = slices.Delete(s.Minutes, 0, 1)
		i--
	}
	s.Minutes = slices.Insert(s.Minutes, i, minute{At: at})
	return &s.Minutes[i]
}

// makeRoom forgets the half of the streams that ended first.
func (e *flood) makeRoom() {
	keys := e.keys()
	slices.SortStableFunc(keys, func(a, b met) int { return cmp.Compare(e.all[a].last(), e.all[b].last()) })
	for _, key := range keys[:len(keys)/2] {
		delete(e.all, key)
		delete(e.hot, key)
		e.forgot++
	}
}

func (s *stream) last() int64 {
	if len(s.Minutes) == 0 {
		return 0
	}
	return s.Minutes[len(s.Minutes)-1].At
}

func (e *flood) keys() []met {
	keys := make([]met, 0, len(e.all))
	for key := range e.all {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareMet)
	return keys
}

func compareMet(a, b met) int {
	return cmp.Or(cmp.Compare(a.Interface, b.Interface), a.Own.Compare(b.Own), a.Peer.Compare(b.Peer), cmp.Compare(a.Port, b.Port))
}

// Advance judges the minutes whose answers are logged by now.
func (e *flood) Advance(at time.Time, yield func(Signal)) {
	before := at.Unix() / 60
	var due []met
	for key, first := range e.hot {
		if first < before {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, compareMet)
	for _, key := range due {
		delete(e.hot, key)
		s := e.all[key]
		for _, m := range s.Minutes {
			if m.Out < e.packets {
				continue
			}
			if m.At >= before {
				e.hot[key] = m.At
				break
			}
			e.judge(s, m, yield)
		}
	}
	for key, s := range e.all {
		if s.last() < before-mostMinutes && s.Fired < at.Unix()-e.again {
			delete(e.all, key)
		}
	}
}

func (e *flood) judge(s *stream, m minute, yield func(Signal)) {
	at := m.At * 60
	switch {
	case m.In > e.answered*m.Out, e.size > 0 && m.Size > e.size*m.Out:
		return
	case s.Fired != 0 && at < s.Fired+e.again && at > s.Fired-e.again:
		return
	}
	s.Fired = at
	signal := s.From
	signal.Inbound = false
	signal.First, signal.Last, signal.Count = unix(at), unix(at+60), 1
	if m.File != "" {
		signal.Lines = []string{line(m.File, m.Row)}
	}
	signal.Message = fmt.Sprintf("%s sent %.0f packets (%s) to %s within a minute, %.0f bytes each, and %.0f came back",
		signal.Own, m.Out, e.kind, signal.Counterpart, m.Size/m.Out, m.In)
	yield(signal)
}

type savedStream struct {
	Key    met     `json:"k"`
	Stream *stream `json:"s"`
}

type savedFlood struct {
	Streams []savedStream `json:"streams"`
	Hot     []savedHot    `json:"hot,omitempty"`
	Forgot  int64         `json:"forgot,omitempty"`
}

type savedHot struct {
	Key met   `json:"k"`
	At  int64 `json:"t"`
}

func (e *flood) Save() ([]byte, error) {
	s := savedFlood{Streams: []savedStream{}, Forgot: e.forgot}
	for _, key := range e.keys() {
		s.Streams = append(s.Streams, savedStream{key, e.all[key]})
		if at, ok := e.hot[key]; ok {
			s.Hot = append(s.Hot, savedHot{key, at})
		}
	}
	return json.Marshal(s)
}

func (e *flood) Load(data []byte) error {
	var s savedFlood
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	e.all, e.hot, e.forgot = map[met]*stream{}, map[met]int64{}, s.Forgot
	for _, x := range s.Streams[:min(len(s.Streams), mostStreams)] {
		if x.Stream == nil || len(x.Stream.Minutes) > mostMinutes {
			return fmt.Errorf("state: stream %v is not as it was saved", x.Key)
		}
		e.all[x.Key] = x.Stream
	}
	for _, x := range s.Hot {
		if e.all[x.Key] != nil {
			e.hot[x.Key] = x.At
		}
	}
	return nil
}

func (e *flood) Cold() string  { return "" }
func (e *flood) Forgot() int64 { return e.forgot }
