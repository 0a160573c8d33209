package analytic

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// burst finds somebody who does many different things within a short time. What he
// did on an earlier day does not count: scanners, deployments and dashboards ask the
// same questions every day, somebody who looks around asks new ones.
type burst struct {
	still
	engine, shape string
	spans         spans
	memory        memory
	principals    int
	console       bool // calls of the console's own pages count too
	pick          func(*Activity) bool
	least         int // different things that are never enough below
	enough        func(different int, ms []moment) bool
	message       func(who, []moment, []string) string
	actors        *table[bursting]
	repeats       repeats
}

type bursting struct {
	profile profile
	window  window
}

const momentSize = 8 // cells that a moment with its texts takes as much room as

// bursts asks for what all bursts can be told.
func bursts(s *settings, length time.Duration) *burst {
	b := &burst{}
	length = s.span("window", length, time.Minute, 2*day, "the time in which it happens")
	halfLife := s.span("half-life", 90*day, day, 720*day, "after which a day counts for half; what was done on one day only is new again after two")
	quiet := s.span("quiet", time.Hour, 0, 7*day, "after a burst, more of the same is not signalled again")
	b.console = s.choice("console", "ignore", []string{"ignore", "count"}, "whether calls with credentials of the console count: its pages ask much by themselves") == "count"
	b.principals = s.whole("principals", 10_000, 1, 5e6, "how many are remembered; those not seen for longest are forgotten first")
	b.spans = spans{length: int64(length / time.Second), late: int64(lateness / time.Second), quiet: int64(quiet / time.Second), most: 1000}
	b.memory = memory{halfLife: halfLife.Hours() / 24, cells: 1024}
	b.actors = newTable[bursting](b.principals, 40*b.principals)
	return b
}

func (b *burst) Wants(a *Activity) bool { return someone(a) && b.pick(a) }

func (b *burst) Observe(a *Activity, yield func(Signal)) {
	key := a.call()
	print := b.repeats.print(a, b.actors.epoch+b.memory.epoch, key)
	if b.repeats.has(print) {
		return
	}
	r := b.actors.ofActor(a)
	v := &r.value
	grown := b.memory.meet(&v.profile, a.Time)
	days, _, more := b.memory.note(&v.profile, key, dayOf(a.Time))
	grown += more
	if !known(days) {
		grown += momentSize * b.happened(r, a, key, yield)
	} else if b.memory.settled(&v.profile, a.Time) {
		b.repeats.add(print)
	}
	b.actors.grow(r, grown)
}

// happened takes a new thing into the window, and signals when that fills it.
func (b *burst) happened(r *row[bursting], a *Activity, key uint64, yield func(Signal)) (grown int) {
	v := &r.value
	at := a.Time.Unix()
	like, isNews := v.window.news(key, at, b.spans)
	if !isNews || !b.console && fromConsole(a) {
		return 0
	}
	what := ""
	if like >= 0 { // most things happen again and again: one text will do for all of them
		what = v.window.moments[like].what
	} else {
		what = label(a.Service, a.Name)
	}
	grown = v.window.add(moment{at: at, key: key, what: what, id: strings.Clone(a.ID)}, b.spans)
	if len(v.window.moments) < b.least || v.window.fewer(at, b.spans.length, b.least) {
		return grown // as good as always; looking for the best costs more
	}
	ms := v.window.best(at, b.spans.length, b.enough)
	if ms == nil {
		return grown
	}
	var isFresh bool
	if v.window.fired, isFresh = fresh(v.window.fired, ms[0].at, ms[len(ms)-1].at, b.spans.quiet); isFresh {
		yield(b.signal(r.key, a, ms))
	}
	return grown
}

func (b *burst) signal(k who, a *Activity, ms []moment) Signal {
	events := eventsOf(ms)
	first, last := time.Unix(ms[0].at, 0).UTC(), time.Unix(ms[len(ms)-1].at, 0).UTC()
	what := different(ms, func(m moment) string { return m.what })
	return Signal{At: keep(a), Message: b.message(k, ms, what), First: first, Last: last, Count: len(what), Events: events}
}

// over is from when to when, for messages.
func over(ms []moment) string {
	seconds := ms[len(ms)-1].at - ms[0].at
	if seconds < 1 {
		return "in a second"
	}
	return "within " + spell(time.Duration(seconds)*time.Second)
}

// servicesOf counts the services of different actions.
func servicesOf(what []string) int {
	var all []string
	for _, w := range what {
		service, _, _ := strings.Cut(w, ":")
		all = append(all, service)
	}
	slices.Sort(all)
	return len(slices.Compact(all))
}

func (b *burst) Lacks() (string, bool) { return forgot(b.actors.forgotten, b.principals), false }

func (b *burst) Save() ([]byte, error) {
	return save(b.engine, b.shape, func(w *writer) {
		b.actors.save(w, func(w *writer, v *bursting) {
			saveProfile(w, &v.profile)
			saveWindow(w, &v.window)
		})
	}), nil
}

func (b *burst) Load(data []byte) error {
	actors := newTable[bursting](b.actors.most, b.actors.mostSize)
	err := load(data, b.engine, b.shape, func(r *loader) {
		actors.load(r, func(r *loader, v *bursting) int {
			return loadProfile(r, &v.profile) + momentSize*loadWindow(r, &v.window)
		})
	})
	if err == nil {
		b.actors = actors
	}
	return err
}

var burstFields = []string{"eventTime", "eventID", "eventSource", "eventName", "readOnly", "errorCode", "userIdentity", "sourceIPAddress", "sessionCredentialFromConsole"}

var reconBurst = definition{Engine{
	Name:   "recon-burst",
	About:  "Somebody asks many questions that he did not ask before, of several services, within minutes.",
	Fields: burstFields, Needs: []string{"management"},
}, func(s *settings, _ World) Analytic {
	least := s.whole("distinct", 25, 2, 500, "different reading actions")
	services := s.whole("services", 3, 1, 50, "of at least so many services")
	b := bursts(s, 10*time.Minute)
	b.engine = "recon-burst"
	b.least = least
	b.pick = func(a *Activity) bool { return a.ReadOnly && !a.Data }
	b.enough = func(n int, ms []moment) bool {
		return n >= least && servicesOf(different(ms, func(m moment) string { return m.what })) >= services
	}
	b.message = func(k who, ms []moment, what []string) string {
		return fmt.Sprintf("%s called %d different reading actions of %d services %s that it had not called before: %s",
			spellActor(k), len(what), servicesOf(what), over(ms), some(what, 6))
	}
	return b
}}

var accessDenied = definition{Engine{
	Name:   "access-denied-burst",
	About:  "Somebody tries many different things that he may not do, within minutes.",
	Fields: burstFields, Needs: []string{"management"},
}, func(s *settings, _ World) Analytic {
	least := s.whole("distinct", 10, 2, 500, "different actions that were denied")
	b := bursts(s, 10*time.Minute)
	b.engine = "access-denied-burst"
	b.least = least
	b.pick = func(a *Activity) bool { return a.Error != "" && denied(a.Error) }
	b.enough = func(n int, _ []moment) bool { return n >= least }
	b.message = func(k who, ms []moment, what []string) string {
		return fmt.Sprintf("%s was denied %d different actions %s: %s", spellActor(k), len(what), over(ms), some(what, 6))
	}
	return b
}}

var actionShare = definition{Engine{
	Name:   "action-share",
	About:  "Somebody calls a large share of a list of actions that belong together, in a day: enumeration, privilege escalation, use of language models.",
	Fields: burstFields, Needs: []string{"management"},
}, func(s *settings, _ World) Analytic {
	all := shares()
	of := s.choice("list", "", all.names, "which list")
	normal := map[string]float64{"enumeration": 0.3, "privilege-escalation": 0.2, "llm-jacking": 0.4}[of]
	share := s.number("share", normal, 0.01, 1, "of the list, from 0 to 1; 0.3 for enumeration, 0.2 for privilege-escalation, 0.4 for llm-jacking")
	b := bursts(s, day)
	mask := all.mask([]string{of})
	size := all.size(mask)
	b.engine, b.shape = "action-share", of
	b.least = int(math.Ceil(share * float64(size)))
	b.pick = func(a *Activity) bool { return a.shares()&mask != 0 }
	b.enough = func(n int, _ []moment) bool { return float64(n) >= share*float64(size) }
	b.message = func(k who, ms []moment, what []string) string {
		return fmt.Sprintf("%s called %d of %d actions of the %s list %s that it had not called before: %s",
			spellActor(k), len(what), size, of, over(ms), some(what, 6))
	}
	return b
}}
