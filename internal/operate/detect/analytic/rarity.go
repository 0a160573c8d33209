package analytic

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// anomaly finds calls that serve a tactic and are unusual for their caller in several
// ways at once. For each way it asks on how many of his days that was so: p = (days it
// was so + 1) / (days + 2), and adds up -log2 p.
type anomaly struct {
	still
	world      World
	mask       uint32
	tactics    []string
	threshold  float64
	rare       float64
	factors    int
	memory     memory
	principals int
	watch      watch
	actors     *table[anomalous]
	repeats    repeats
}

type anomalous struct {
	profile profile
	// The network of the last event's address, so that it need not be looked up each time.
	address string
	network uint64
	owner   string
}

// stepsOf are how much graver or milder than the detection a tactic is.
var stepsOf = map[string]int{"discovery": -1, "exfiltration": 1, "impact": 1}

// techniquesOf are what an unusual call for a tactic is in ATT&CK, where one technique
// says it.
var techniquesOf = map[string][]string{"discovery": {"T1526", "T1580"}, "initial-access": {"T1078.004"}, "persistence": {"T1098"},
	"privilege-escalation": {"T1098", "T1548"}, "credential-access": {"T1555.006"}, "defense-impairment": {"T1685.002"},
	"exfiltration": {"T1537"}, "impact": {"T1485", "T1496"}}

var rarity = definition{Engine{
	Name:   "rarity",
	About:  "A call that serves a tactic of ATT&CK and is unusual for its caller in two or more ways at once: the action, the software, the Region, the network.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "awsRegion", "userAgent", "sourceIPAddress", "errorCode", "userIdentity"},
	Needs:  []string{"management"},
}, func(s *settings, w World) Analytic {
	x := &anomaly{world: w, tactics: tactics().names}
	x.mask = tactics().mask(s.choices("tactics", x.tactics, "which tactics' actions are judged"))
	x.threshold = s.number("threshold", 9, 1, 100, "the sum of -log2 p from which it is an anomaly")
	x.factors = s.whole("factors", 2, 1, 4, "how many of the ways have to be rare")
	x.rare = s.number("rare", 4, 0.5, 20, "the -log2 p from which one of them is: 4 is one day in sixteen")
	x.memory, x.principals = habits(s, 512)
	x.actors = newTable[anomalous](x.principals, 60*x.principals)
	return x
}}

func (x *anomaly) Wants(a *Activity) bool { return !a.Data && someone(a) }

func (x *anomaly) Observe(a *Activity, yield func(Signal)) {
	x.watch.see(a.Time)
	// Keys with zero say nothing.
	keys := [4]uint64{a.call(), a.agent()}
	if a.Region != "" && !a.worldwide() {
		keys[2] = a.region()
	}
	source := uint64(0)
	if x.world.Places != nil {
		source = a.source()
	}
	print := x.repeats.print(a, x.actors.epoch+x.memory.epoch, keys[0], keys[1], keys[2], source)
	if x.repeats.has(print) {
		return
	}
	r := x.actors.ofActor(a)
	v := &r.value
	day := dayOf(a.Time)
	grown := x.memory.meet(&v.profile, a.Time)
	keys[3] = x.network(v, a)
	var seen [4]float64
	for i, key := range keys {
		if key != 0 {
			var more int
			seen[i], _, more = x.memory.note(&v.profile, key, day)
			grown += more
		}
	}
	if a.tactics()&x.mask != 0 && x.memory.warm(&v.profile, a.Time) {
		grown += x.score(r, a, keys, seen, yield)
	}
	x.actors.grow(r, grown)
	if x.memory.settled(&v.profile, a.Time) && x.memory.decided(&v.profile, a.Time) {
		x.repeats.add(print)
	}
}

// score adds up how unusual a call is.
func (x *anomaly) score(r *row[anomalous], a *Activity, keys [4]uint64, seen [4]float64, yield func(Signal)) (grown int) {
	days := x.memory.before(r.value.profile.active, dayOf(a.Time))
	var all [4]float64
	score, rare := 0.0, 0
	for i, key := range keys {
		if key == 0 {
			continue
		}
		all[i] = -math.Log2((min(seen[i], days) + 1) / (days + 2))
		score += all[i]
		if all[i] >= x.rare {
			rare++
		}
	}
	if score < x.threshold || rare < x.factors {
		return 0
	}
	return x.judge(r, a, score, all, yield)
}

// judge looks whether the call serves a tactic, and signals it once a day.
func (x *anomaly) judge(r *row[anomalous], a *Activity, score float64, all [4]float64, yield func(Signal)) (grown int) {
	in := a.tactics() & x.mask
	// Whoever works on another machine lists the same things there: what is asked has to
	// be unusual itself.
	if discovery := tactics().mask([]string{"discovery"}); all[0] < x.rare {
		in &^= discovery
	}
	if in == 0 {
		return 0
	}
	if c, ok := r.value.profile.find(hash(0, "told", a.Service, plainName(a.Name))); ok && r.value.profile.cells[c].day >= dayOf(a.Time) {
		return 0
	}
	_, _, grown = x.memory.note(&r.value.profile, hash(0, "told", a.Service, plainName(a.Name)), dayOf(a.Time))
	tactic := x.gravest(in)
	s := single(a, fmt.Sprintf("%s: %s is unusual (%s): %s", spellActor(r.key), label(a.Service, a.Name), tactic, x.reasons(r, a, score, all)))
	s.Steps, s.Techniques = stepsOf[tactic], techniquesOf[tactic]
	if a.Error != "" {
		s.Steps--
		s.Message += "; it failed with " + a.Error
	}
	yield(s)
	return grown
}

// gravest is the tactic of a set that is gravest: the last in the file's order that no
// other outweighs.
func (x *anomaly) gravest(in uint32) string {
	best := x.tactics[bits.TrailingZeros32(in)]
	for i, name := range x.tactics {
		if in&(1<<i) != 0 && stepsOf[name] > stepsOf[best] {
			best = name
		}
	}
	return best
}

func (x *anomaly) reasons(r *row[anomalous], a *Activity, score float64, all [4]float64) string {
	var why []string
	for i, text := range []string{"the action", "the software " + family(a.UserAgent), "the Region " + a.Region, "the network " + r.value.owner} {
		if all[i] >= x.rare {
			why = append(why, text)
		}
	}
	days := x.memory.before(r.value.profile.active, dayOf(a.Time))
	return fmt.Sprintf("%s hardly ever seen with this caller in %.0f days of activity (%.1f bits; %v is the threshold)", strings.Join(why, ", "), days, score, x.threshold)
}

// network is the operator of the address that an event came from; zero where that is
// not known, or ours.
func (x *anomaly) network(v *anomalous, a *Activity) uint64 {
	if x.world.Places == nil {
		return 0
	}
	if a.SourceIP == v.address {
		return v.network
	}
	v.address, v.network, v.owner = strings.Clone(a.SourceIP), 0, ""
	ip, ok := address(a)
	if !ok || !public(ip) {
		return 0
	}
	if !x.world.foreign(ip) {
		v.network, v.owner = hash(3, "ours"), "ours"
		return v.network
	}
	if where, ok := x.world.Places(ip); ok && where.ASN != 0 {
		v.owner = "AS" + strconv.FormatUint(uint64(where.ASN), 10)
		v.network = hash(3, v.owner)
	}
	return v.network
}

func (x *anomaly) Lacks() (string, bool) {
	narrow := ""
	if x.world.Places == nil {
		narrow = "without geo data it judges by action, software and Region only, not by network"
	}
	return join(narrow, forgot(x.actors.forgotten, x.principals)), false
}

func (x *anomaly) Cold() string { return x.watch.cold(x.memory.warmUp) }

func (x *anomaly) Save() ([]byte, error) {
	return save("rarity", "", func(w *writer) {
		x.watch.save(w)
		x.actors.save(w, func(w *writer, v *anomalous) { saveProfile(w, &v.profile) })
	}), nil
}

func (x *anomaly) Load(data []byte) error {
	var seen watch
	actors := newTable[anomalous](x.actors.most, x.actors.mostSize)
	err := load(data, "rarity", "", func(r *loader) {
		seen.load(r)
		actors.load(r, func(r *loader, v *anomalous) int { return loadProfile(r, &v.profile) })
	})
	if err == nil {
		x.watch, x.actors = seen, actors
	}
	return err
}
