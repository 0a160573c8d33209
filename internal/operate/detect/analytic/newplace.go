package analytic

import (
	"fmt"
	"strconv"
	"strings"
)

// place finds somebody who calls from a country, or from a network operator (ASN),
// from which he never did.
type place struct {
	still
	world      World
	of         string
	memory     memory
	principals int
	watch      watch
	actors     *table[placed]
	looked     looks
	repeats    repeats
}

type placed struct {
	profile profile
	// What the address of the last event is, so that it need not be looked up each time.
	address string
	key     uint64
	name    string
}

var newPlace = definition{Engine{
	Name:   "new-place",
	About:  "Somebody calls from a country or a network (ASN) from which he never called before.",
	Fields: []string{"eventTime", "eventID", "sourceIPAddress", "userIdentity"},
	Needs:  []string{"management", "geo"},
}, func(s *settings, w World) Analytic {
	p := &place{world: w}
	p.of = s.choice("of", "", []string{"country", "asn"}, "what has to be new")
	p.memory, p.principals = habits(s, 64)
	p.actors = newTable[placed](p.principals, 20*p.principals)
	return p
}}

func (p *place) Wants(a *Activity) bool {
	return p.world.Places != nil && !a.Data && someone(a) && a.SourceIP != ""
}

func (p *place) Observe(a *Activity, yield func(Signal)) {
	p.watch.see(a.Time)
	print := p.repeats.print(a, p.actors.epoch+p.memory.epoch, a.source())
	if p.repeats.has(print) {
		return
	}
	r := p.actors.ofActor(a)
	v := &r.value
	grown := p.memory.meet(&v.profile, a.Time)
	if a.SourceIP != v.address {
		v.address = strings.Clone(a.SourceIP)
		v.key, v.name = p.lookUp(a)
	}
	if v.key != 0 {
		_, noted, more := p.memory.note(&v.profile, v.key, dayOf(a.Time))
		grown += more
		if !noted && p.memory.warm(&v.profile, a.Time) {
			s := single(a, fmt.Sprintf("%s called %s from %s (%s), for the first time in %s", spellActor(r.key), label(a.Service, a.Name), v.name, a.SourceIP,
				spellDays(a.Time.Unix()-v.profile.since)))
			if a.Error != "" {
				s.Steps = -1
			}
			yield(s)
		}
	}
	p.actors.grow(r, grown)
	if p.memory.settled(&v.profile, a.Time) {
		p.repeats.add(print)
	}
}

// lookUp gives what an address counts as; zero where that is not known, or where it
// is one of ours or of AWS, from which anybody may call.
func (p *place) lookUp(a *Activity) (uint64, string) {
	ip, ok := address(a)
	if !ok || !p.world.foreign(ip) || p.world.aws(ip) {
		return 0, ""
	}
	where, ok := p.world.Places(ip)
	p.looked.add(ok && (p.of == "country" && where.Country != "" || p.of == "asn" && where.ASN != 0))
	switch {
	case !ok:
		return 0, ""
	case p.of == "country" && where.Country != "":
		return hash(1, where.Country), where.Country
	case p.of == "asn" && where.ASN != 0:
		name := "AS" + strconv.FormatUint(uint64(where.ASN), 10)
		key := hash(2, name)
		if where.Owner != "" {
			name += " " + where.Owner
		}
		return key, name
	}
	return 0, ""
}

func (p *place) Lacks() (string, bool) {
	if p.world.Places == nil {
		return noPlaces, true
	}
	if what := p.looked.useless(map[string]string{"country": "country", "asn": "network (ASN)"}[p.of]); what != "" {
		return what, true
	}
	return forgot(p.actors.forgotten, p.principals), false
}

func (p *place) Cold() string {
	if what, off := p.Lacks(); off {
		return what
	}
	return p.watch.cold(p.memory.warmUp)
}

func (p *place) Save() ([]byte, error) {
	return save("new-place", p.of, func(w *writer) {
		p.watch.save(w)
		p.actors.save(w, func(w *writer, v *placed) { saveProfile(w, &v.profile) })
	}), nil
}

func (p *place) Load(data []byte) error {
	var seen watch
	actors := newTable[placed](p.actors.most, p.actors.mostSize)
	err := load(data, "new-place", p.of, func(r *loader) {
		seen.load(r)
		actors.load(r, func(r *loader, v *placed) int { return loadProfile(r, &v.profile) })
	})
	if err == nil {
		p.watch, p.actors = seen, actors
	}
	return err
}
