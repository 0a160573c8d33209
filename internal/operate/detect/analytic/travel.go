package analytic

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// travel finds somebody who is in two places between which nobody travels so fast.
type travel struct {
	still
	world    World
	distance float64 // km
	speed    float64 // km/h
	within   int64
	quiet    int64
	calls    bool
	people   *table[journey]
	looked   looks
}

// looks counts how many addresses were looked up, and for how many the geo data said
// what it was asked for: a database of countries has no coordinates, one of cities no
// networks.
type looks struct{ asked, told int }

func (l *looks) add(told bool) {
	l.asked++
	if told {
		l.told++
	}
}

// useless says that geo data is of the wrong kind.
func (l *looks) useless(what string) string {
	if l.asked < 20 || l.told > 0 {
		return ""
	}
	return fmt.Sprintf("it is off: the geo data gave no %s for any of the %d addresses that were looked up", what, l.asked)
}

// journey is where somebody was lately, by time.
type journey struct {
	stops []stop
	fired []interval
}

type stop struct {
	at       int64
	lat, lon float64
	place    string // Berlin, DE
	address  string
	id       string
}

var impossibleTravel = definition{Engine{
	Name:   "impossible-travel",
	About:  "Somebody logs in from two places so far apart that nobody travels between them in that time.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "sourceIPAddress", "userIdentity", "responseElements.ConsoleLogin"},
	Needs:  []string{"management", "geo"},
}, func(s *settings, w World) Analytic {
	t := &travel{world: w}
	t.distance = s.number("distance", 500, 50, 20_000, "in km, below which places are not told apart: geo data errs")
	t.speed = s.number("speed", 900, 100, 10_000, "in km/h, above which nobody travels")
	within := s.span("within", day, time.Minute, 7*day, "of two logins, for them to be compared")
	t.calls = s.choice("of", "logins", []string{"logins", "calls"}, "logins to the console only, or also calls of people's sessions and of IAM users with keys") == "calls"
	people := s.whole("principals", 10_000, 1, 5e6, "how many are remembered; those not seen for longest are forgotten first")
	t.within, t.quiet = int64(within/time.Second), int64(12*time.Hour/time.Second)
	t.people = newTable[journey](people, 8*people)
	return t
}}

func (t *travel) Wants(a *Activity) bool {
	if t.world.Places == nil {
		return false
	}
	if a.Name == "ConsoleLogin" {
		return a.Service == "signin.amazonaws.com" && someone(a)
	}
	return t.calls && someone(a) && !a.Data && (personal(a) || a.PrincipalType == "IAMUser" && strings.HasPrefix(a.AccessKey, "AKIA"))
}

func (t *travel) Observe(a *Activity, yield func(Signal)) {
	login := a.Name == "ConsoleLogin"
	ip, ok := address(a)
	if !ok || !t.world.foreign(ip) || !login && t.world.aws(ip) {
		return
	}
	host := sameHost(ip).String()
	k := actor(a)
	if login { // a session of the console is one person's, whatever its name
		k = who{a.Principal, a.Session}
		if outcome(a) != "Success" {
			return
		}
	}
	t.people.at(a.Time)
	r := t.people.take(k)
	v := &r.value
	at := a.Time.Unix()
	if v.repeats(at, host) {
		return
	}
	p, ok := t.world.Places(ip)
	ok = ok && p.Located && finite(p.Latitude) && finite(p.Longitude)
	if t.looked.add(ok); !ok {
		return
	}
	before := len(v.stops)
	s := stop{at: at, lat: p.Latitude, lon: p.Longitude, place: spellPlace(p), address: host, id: strings.Clone(a.ID)}
	i := v.visit(s, t.within)
	t.people.grow(r, len(v.stops)-before)
	if i > 0 {
		t.compare(r, a, v.stops[i-1], s, yield)
	}
	if i+1 < len(v.stops) {
		t.compare(r, a, s, v.stops[i+1], yield)
	}
}

func finite(f float64) bool { return f >= -180 && f <= 180 }

// repeats tells whether somebody was at an address both before and after a time, or
// at that second: then the event tells nothing.
func (v *journey) repeats(at int64, address string) bool {
	i, _ := slices.BinarySearchFunc(v.stops, at, func(s stop, t int64) int { return cmp.Compare(s.at, t) })
	if i < len(v.stops) && v.stops[i].address == address && (v.stops[i].at == at || i > 0 && v.stops[i-1].address == address) {
		return true
	}
	return false
}

// visit puts a stop in its place and gives its number. Of three at one address the
// middle one is dropped.
func (v *journey) visit(s stop, within int64) int {
	i, _ := slices.BinarySearchFunc(v.stops, s, func(a, b stop) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.address, b.address), strings.Compare(a.id, b.id))
	})
	v.stops = slices.Insert(v.stops, i, s)
	if i >= 2 && v.stops[i-1].address == s.address && v.stops[i-2].address == s.address {
		v.stops = slices.Delete(v.stops, i-1, i)
		i--
	}
	if i+2 < len(v.stops) && v.stops[i+1].address == s.address && v.stops[i+2].address == s.address {
		v.stops = slices.Delete(v.stops, i+1, i+2)
	}
	oldest := v.stops[len(v.stops)-1].at - within - int64(lateness/time.Second)
	for len(v.stops) > 32 || v.stops[0].at < oldest {
		if i == 0 {
			break // it came too late to be kept longer than this
		}
		v.stops = slices.Delete(v.stops, 0, 1)
		i--
	}
	return i
}

func (t *travel) compare(r *row[journey], a *Activity, from, to stop, yield func(Signal)) {
	gap := to.at - from.at
	km := kilometres(from, to)
	if gap > t.within || km <= t.distance || km <= t.speed*float64(gap)/3600 {
		return
	}
	var isFresh bool
	if r.value.fired, isFresh = fresh(r.value.fired, from.at, to.at, t.quiet); !isFresh {
		return
	}
	x := Signal{At: keep(a), Message: fmt.Sprintf("%s was in %s (%s) and %s later in %s (%s), %.0f km away",
		spellActor(r.key), from.place, from.address, spell(time.Duration(gap)*time.Second), to.place, to.address, km),
		First: seconds(from.at), Last: seconds(to.at), Count: 2, Events: []string{from.id, to.id}}
	yield(x)
}

// kilometres between two places on the sphere.
func kilometres(a, b stop) float64 {
	const radius, degree = 6371, math.Pi / 180
	h := haversine((b.lat-a.lat)*degree) + math.Cos(a.lat*degree)*math.Cos(b.lat*degree)*haversine((b.lon-a.lon)*degree)
	return 2 * radius * math.Asin(math.Sqrt(min(max(h, 0), 1)))
}

func haversine(x float64) float64 { s := math.Sin(x / 2); return s * s }

func spellPlace(p Place) string {
	switch {
	case p.City != "" && p.Country != "":
		return p.City + ", " + p.Country
	case p.Country != "":
		return p.Country
	}
	return fmt.Sprintf("%.1f, %.1f", p.Latitude, p.Longitude)
}

const noPlaces = "it needs geo data (detect.geo in holdfast.yaml): nobody said where addresses are"

func (t *travel) Lacks() (string, bool) {
	if t.world.Places == nil {
		return noPlaces, true
	}
	if what := t.looked.useless("coordinates"); what != "" {
		return what, true
	}
	return forgot(t.people.forgotten, t.people.most), false
}

func (t *travel) Cold() string {
	if what, off := t.Lacks(); off {
		return what
	}
	return ""
}

func (t *travel) Save() ([]byte, error) {
	return save("impossible-travel", "", func(w *writer) {
		t.people.save(w, func(w *writer, v *journey) {
			w.num(uint64(len(v.stops)))
			for _, s := range v.stops {
				w.sint(s.at)
				w.key(math.Float64bits(s.lat))
				w.key(math.Float64bits(s.lon))
				w.text(s.place)
				w.text(s.address)
				w.text(s.id)
			}
			saveIntervals(w, v.fired)
		})
	}), nil
}

func (t *travel) Load(data []byte) error {
	people := newTable[journey](t.people.most, t.people.mostSize)
	err := load(data, "impossible-travel", "", func(r *loader) {
		people.load(r, func(r *loader, v *journey) int {
			for range r.count() {
				s := stop{at: r.sint(), lat: math.Float64frombits(r.key()), lon: math.Float64frombits(r.key()), place: r.text(), address: r.text(), id: r.text()}
				if n := len(v.stops); !finite(s.lat) || !finite(s.lon) || n > 0 && v.stops[n-1].at > s.at {
					r.fail()
					return 0
				}
				v.stops = append(v.stops, s)
			}
			v.fired = loadIntervals(r)
			return len(v.stops)
		})
	})
	if err == nil {
		t.people = people
	}
	return err
}
