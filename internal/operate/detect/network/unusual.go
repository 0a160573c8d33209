package network

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Baselines are kept for so many interfaces; beyond them new ones are not learned, and
// Cold says so.
const mostBaselines = 1 << 14

const day = 24 * 60 * 60

// who is whose usual traffic is learned: an instance, or an interface without one.
func who(c *Contact) string { return cmp.Or(c.Flow.Instance, c.Flow.Interface) }

// unusualPort finds the first use of a port on other hosts, after the usual ones were
// learned.
type unusualPort struct {
	warm   int64
	least  int
	all    map[string]*portsUsed
	forgot int64
}

// portsUsed is what one of ours asks for.
type portsUsed struct {
	First int64            `json:"first"`
	Last  int64            `json:"last"`
	Days  int              `json:"days"`  // on which it asked for anything
	Ports map[uint32]int64 `json:"ports"` // protocol and port, and when last
	Full  bool             `json:"full,omitempty"`
}

const (
	mostPorts  = 256      // of one of ours; who uses more has no usual ones
	usedLately = 90 * day // a port that was not used for longer is new again
)

func newUnusualPort(s *settings, _ *Threats) Engine {
	return &unusualPort{
		warm:  int64(s.whole("days", 14, 1, 90, "days of learning")) * day,
		least: s.whole("active_days", 5, 1, 90, "days among them with traffic, at least"),
		all:   map[string]*portsUsed{},
	}
}

func (e *unusualPort) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	id := who(c)
	if !c.Out || !c.Sided || !c.Asked || !f.Accepted || id == "" || f.Protocol != tcp && f.Protocol != udp || !c.Sure && f.TargetPort >= ephemeral {
		return
	}
	u := e.all[id]
	if u == nil {
		if len(e.all) >= mostBaselines {
			e.forgot++
			return
		}
		u = &portsUsed{First: c.At, Ports: map[uint32]int64{}}
		e.all[id] = u
	}
	if c.At/day > u.Last/day {
		u.Days++
	}
	if c.At < u.First && c.At >= u.First-int64(Tolerance/time.Second) { // a stray from long ago is no fortnight
		u.First = c.At
	}
	u.Last = max(u.Last, c.At)
	port := uint32(f.Protocol)<<16 | uint32(f.TargetPort)
	last, known := u.Ports[port]
	if known && last >= c.At-usedLately {
		u.Ports[port] = max(last, c.At)
		return
	}
	if u.Full = u.Full || !known && len(u.Ports) >= mostPorts; u.Full {
		return
	}
	u.Ports[port] = c.At
	if !u.isWarm(e) || c.At-u.First < e.warm {
		return
	}
	signal := of(c)
	signal.First, signal.Last, signal.Count, signal.Lines = f.Start, f.End, 1, []string{f.Line()}
	signal.Message = fmt.Sprintf("%s asked %s for %s, which it did not use in %d days before", c.Own, c.Peer, portName(f.Protocol, f.TargetPort), (c.At-u.First)/day)
	yield(signal)
}

func (u *portsUsed) isWarm(e *unusualPort) bool { return u.Last-u.First >= e.warm && u.Days >= e.least }

// Advance forgets who was not seen for long.
func (e *unusualPort) Advance(at time.Time, _ func(Signal)) {
	if len(e.all) < mostBaselines/2 {
		return
	}
	for id, u := range e.all {
		if u.Last < at.Unix()-usedLately {
			delete(e.all, id)
		}
	}
}

func (e *unusualPort) Save() ([]byte, error) {
	return json.Marshal(savedBaselines[*portsUsed]{e.all, e.forgot})
}

func (e *unusualPort) Load(data []byte) error {
	s, err := loadBaselines[*portsUsed](data)
	if err != nil {
		return err
	}
	for _, u := range s.All {
		if u == nil || len(u.Ports) > mostPorts {
			return errBaseline
		}
		if u.Ports == nil {
			u.Ports = map[uint32]int64{}
		}
	}
	e.all, e.forgot = s.All, s.Forgot
	return nil
}

func (e *unusualPort) Cold() string {
	warm := 0
	for _, u := range e.all {
		if u.isWarm(e) {
			warm++
		}
	}
	return learning(len(e.all), warm, e.warm/day, e.forgot)
}

func (e *unusualPort) Forgot() int64 { return e.forgot }

// learning says of how many the usual traffic is known.
func learning(all, warm int, days int64, forgot int64) string {
	switch {
	case forgot > 0:
		return fmt.Sprintf("the traffic of more than %d interfaces is not learned; %d of those that are have been seen for %d days", mostBaselines, warm, days)
	case all == 0:
		return fmt.Sprintf("it has to see %d days of traffic first, and has seen none", days)
	case warm < all:
		return fmt.Sprintf("%d of %d interfaces have not been seen for %d days yet", all-warm, all, days)
	}
	return ""
}

type savedBaselines[T any] struct {
	All    map[string]T `json:"all"`
	Forgot int64        `json:"forgot,omitempty"`
}

var errBaseline = fmt.Errorf("state: a baseline is not as it was saved")

func loadBaselines[T any](data []byte) (s savedBaselines[T], err error) {
	if err = json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("state: %w", err)
	}
	if len(s.All) > mostBaselines {
		return s, errBaseline
	}
	if s.All == nil {
		s.All = map[string]T{}
	}
	return s, nil
}

// unusualVolume finds a day on which far more leaves for the Internet than on others.
type unusualVolume struct {
	days   int
	sigmas float64
	least  float64
	all    map[string]*volume
	forgot int64
}

// volume is what one of ours sends to the Internet in a day: of the days that are over
// the mean and the spread, and what came together on the last two.
type volume struct {
	Days int     `json:"days"`
	Mean float64 `json:"mean"`
	M2   float64 `json:"m2"` // sum of squared differences from the mean
	Open []dayOf `json:"open"`
}

// dayOf is a day that is not over.
type dayOf struct {
	Day   int64   `json:"d"`
	Bytes float64 `json:"b"`
	Fired bool    `json:"fired,omitempty"`
	Peers []peer  `json:"p,omitempty"` // where most of it went, roughly
}

type peer struct {
	Addr  netip.Addr `json:"a"`
	Bytes float64    `json:"b"`
}

const (
	mostPeers = 8  // for who got most
	mostDays  = 90 // after which the past counts no more than it did
)

func newUnusualVolume(s *settings, _ *Threats) Engine {
	return &unusualVolume{
		days:   s.whole("days", 14, 2, 90, "days of learning"),
		sigmas: s.number("sigmas", 4, 0.5, 100, "standard deviations above the mean"),
		least:  s.number("least_bytes", 100e6, 1, 1e15, "bytes in a day below which it says nothing"),
		all:    map[string]*volume{},
	}
}

func (e *unusualVolume) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	id := who(c)
	if !c.Out || !c.Sided || !c.Public || !f.Accepted || id == "" {
		return
	}
	v := e.all[id]
	if v == nil {
		if len(e.all) >= mostBaselines {
			e.forgot++
			return
		}
		v = &volume{}
		e.all[id] = v
	}
	d := v.at(c.At)
	if d == nil {
		return // of a day that is judged already
	}
	d.add(c.Peer, float64(f.Bytes))
	if d.Fired || v.Days < e.days || d.Bytes <= e.least || d.Bytes <= v.most(e.sigmas) {
		return
	}
	d.Fired = true
	signal := of(c)
	top := d.Peers[0]
	signal.Counterpart = top.Addr.String()
	signal.First, signal.Last, signal.Count, signal.Lines = unix(d.Day*day), f.End, 1, []string{f.Line()}
	signal.Message = fmt.Sprintf("%s has sent %s to the Internet on %s, %s of it to %s; %d days before had %s on average, and %s would have been usual",
		c.Own, size(d.Bytes), unix(d.Day*day).Format(time.DateOnly), size(top.Bytes), top.Addr, v.Days, size(v.Mean), size(v.most(e.sigmas)))
	yield(signal)
}

// most is how much is usual at most. Steady traffic varies by a tenth at least.
func (v *volume) most(sigmas float64) float64 {
	sigma := math.Sqrt(v.M2 / float64(max(1, v.Days)))
	return v.Mean + sigmas*max(sigma, v.Mean/10)
}

// at is the day of an instant, after the days before it were added to the past; nil is
// a day that is over.
func (v *volume) at(at int64) *dayOf {
	today := at / day
	n := len(v.Open)
	if n > 0 && today < v.Open[0].Day {
		return nil
	}
	i, ok := slices.BinarySearchFunc(v.Open, today, func(d dayOf, at int64) int { return cmp.Compare(d.Day, at) })
	if !ok {
		v.Open = slices.Insert(v.Open, i, dayOf{Day: today})
	}
	// The day before stays open until what came late is in.
	newest := v.Open[len(v.Open)-1].Day
	for len(v.Open) > 1 && (len(v.Open) > 2 || newest == today && at >= today*day+int64(Tolerance/time.Second)) {
		if v.Open[0].Day == today {
			break
		}
		v.close()
	}
	for i := range v.Open {
		if v.Open[i].Day == today {
			return &v.Open[i]
		}
	}
	return nil
}

// close adds the oldest day to the past, and days without traffic behind it.
func (v *volume) close() {
	over := v.Open[0]
	v.Open = slices.Delete(v.Open, 0, 1)
	v.learn(over.Bytes)
	for range min(v.Open[0].Day-over.Day-1, mostDays) {
		v.learn(0)
	}
}

func (v *volume) learn(x float64) {
	if v.Days >= mostDays { // the oldest fade
		v.M2 *= float64(v.Days-1) / float64(v.Days)
	} else {
		v.Days++
	}
	delta := x - v.Mean
	v.Mean += delta / float64(v.Days)
	v.M2 += delta * (x - v.Mean)
}

// add counts bytes, and roughly who got most of them.
func (d *dayOf) add(to netip.Addr, bytes float64) {
	d.Bytes += bytes
	i := slices.IndexFunc(d.Peers, func(p peer) bool { return p.Addr == to })
	switch {
	case i >= 0:
		d.Peers[i].Bytes += bytes
	case len(d.Peers) < mostPeers:
		d.Peers = append(d.Peers, peer{to, bytes})
		i = len(d.Peers) - 1
	default:
		i = mostPeers - 1
		if bytes <= d.Peers[i].Bytes {
			return
		}
		d.Peers[i] = peer{to, bytes}
	}
	for ; i > 0 && d.Peers[i].Bytes > d.Peers[i-1].Bytes; i-- {
		d.Peers[i], d.Peers[i-1] = d.Peers[i-1], d.Peers[i]
	}
}

// size says bytes in a unit that fits.
func size(bytes float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if bytes < 1000 {
			return fmt.Sprintf("%.3g %s", bytes, unit)
		}
		bytes /= 1000
	}
	return fmt.Sprintf("%.3g TB", bytes)
}

// Advance forgets who was not seen for long.
func (e *unusualVolume) Advance(at time.Time, _ func(Signal)) {
	if len(e.all) < mostBaselines/2 {
		return
	}
	for id, v := range e.all {
		if n := len(v.Open); n > 0 && v.Open[n-1].Day < at.Unix()/day-mostDays {
			delete(e.all, id)
		}
	}
}

func (e *unusualVolume) Save() ([]byte, error) {
	return json.Marshal(savedBaselines[*volume]{e.all, e.forgot})
}

func (e *unusualVolume) Load(data []byte) error {
	s, err := loadBaselines[*volume](data)
	if err != nil {
		return err
	}
	for _, v := range s.All {
		if v == nil || len(v.Open) > 3 {
			return errBaseline
		}
	}
	e.all, e.forgot = s.All, s.Forgot
	return nil
}

func (e *unusualVolume) Cold() string {
	warm := 0
	for _, v := range e.all {
		if v.Days >= e.days {
			warm++
		}
	}
	return learning(len(e.all), warm, int64(e.days), e.forgot)
}

func (e *unusualVolume) Forgot() int64 { return e.forgot }
