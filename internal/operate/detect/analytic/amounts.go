package analytic

import (
	"fmt"
	"time"
)

// amounts finds somebody who does far more of one thing than he ever did lately:
// deletes, or reads.
type amounts struct {
	still
	engine     string
	spans      spans
	halfLife   float64
	factor     float64
	warmUp     int64
	floors     map[string]int // by class of things
	order      []string
	class      func(*Activity) string
	verb       string
	deletes    bool // and not reads
	principals int
	actors     *table[volume]
	watch      watch
}

// many asks for what all of them can be told.
func many(s *settings, factor float64, warmUp time.Duration) *amounts {
	m := &amounts{floors: map[string]int{}}
	m.factor = s.number("factor", factor, 1, 1000, "times the most that the caller did in one window lately")
	length := s.span("window", time.Hour, 6*time.Minute, day, "the time in which it happens")
	wait := s.span("warm-up", warmUp, 0, 90*day, "how long a caller has to be known for it to count")
	halfLife := s.span("half-life", 90*day, day, 720*day, "after which the most that he did counts for half")
	m.principals = s.whole("principals", 10_000, 1, 5e6, "how many callers and classes are remembered; those not seen for longest are forgotten first")
	m.spans = spans{length: int64(length / time.Second), late: int64(lateness / time.Second), quiet: int64(6 * time.Hour / time.Second), most: 100}
	m.halfLife, m.warmUp = halfLife.Hours()/24, int64(wait/time.Second)
	m.actors = newTable[volume](m.principals, 40*m.principals)
	return m
}

var massDelete = definition{Engine{
	Name:   "mass-delete",
	About:  "Somebody deletes many objects, snapshots, backups, keys, stores, instances, stacks, secrets, identities or logs within an hour: more than a floor, and far more than he ever did.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "errorCode", "userIdentity", "requestParameters.instancesSet"},
	Needs:  []string{"management"},
}, func(s *settings, _ World) Analytic {
	m := many(s, 3, 0)
	m.engine, m.verb, m.deletes = "mass-delete", "deleted", true
	for _, c := range []struct {
		name  string
		floor int
	}{{"objects", 100}, {"snapshots", 10}, {"backups", 5}, {"keys", 3}, {"stores", 5}, {"instances", 20}, {"stacks", 10}, {"secrets", 10}, {"identities", 10}, {"logs", 10}} {
		m.floors[c.name] = s.whole(c.name, c.floor, 1, 1e9, "how many "+c.name+" in one window are too many")
		m.order = append(m.order, c.name)
	}
	names := deletions().names
	m.class = func(a *Activity) string {
		in := a.deletions()
		for i, name := range names {
			if in&(1<<i) != 0 {
				return name
			}
		}
		return ""
	}
	return m
}}

var massRead = definition{Engine{
	Name:   "mass-read",
	About:  "Somebody reads far more objects within an hour than he ever did.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "errorCode", "userIdentity"},
	Needs:  []string{"data:AWS::S3::Object"},
}, func(s *settings, _ World) Analytic {
	m := many(s, 5, 14*day)
	m.engine, m.verb = "mass-read", "read"
	m.floors["objects"] = s.whole("objects", 1000, 1, 1e9, "how many objects in one window are too many")
	m.class = func(a *Activity) string {
		if a.Name == "GetObject" && a.Service == "s3.amazonaws.com" {
			return "objects"
		}
		return ""
	}
	return m
}}

func (m *amounts) Wants(a *Activity) bool {
	return !a.ReadOnly == m.deletes && a.Error == "" && someone(a) && m.class(a) != ""
}

func (m *amounts) Observe(a *Activity, yield func(Signal)) {
	m.watch.see(a.Time)
	class := m.class(a)
	k := actor(a)
	m.actors.at(a.Time)
	r := m.actors.take(who{k.name, class + "\x00" + k.part})
	v := &r.value
	at := a.Time.Unix()
	before := len(v.buckets) + len(v.recent)
	v.add(at, howMany(a), a.ID, m.spans, m.halfLife)
	from, to, sum := v.most(at, m.spans.length)
	if sum >= float64(m.floors[class]) && at-v.since >= m.warmUp {
		if usual := v.usual(at, m.halfLife); sum > m.factor*usual {
			m.signal(a, k, class, v, from, to, sum, usual, yield)
		}
	}
	m.actors.grow(r, len(v.buckets)+len(v.recent)-before)
}

func (m *amounts) signal(a *Activity, k who, class string, v *volume, from, to int64, sum, usual float64, yield func(Signal)) {
	var isFresh bool
	if v.fired, isFresh = fresh(v.fired, from, to, m.spans.quiet); !isFresh {
		return
	}
	text := "; so far it never did so"
	if usual >= 1 {
		text = fmt.Sprintf("; the most so far was %.0f", usual)
	}
	s := Signal{At: keep(a), Message: fmt.Sprintf("%s %s %.0f %s within %s%s", spellActor(k), m.verb, sum, class, spell(time.Duration(m.spans.length)*time.Second), text), Count: int(min(sum, 1e9))}
	s.First, s.Last = s.At.Time, s.At.Time
	for _, e := range v.recent {
		if e.at < from || e.at >= to {
			continue
		}
		if len(s.Events) == 0 {
			s.First = seconds(e.at)
		}
		s.Events = append(s.Events, e.id)
		s.Last = later(s.Last, seconds(e.at))
	}
	yield(s)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// howMany is how many things one call deletes or reads.
func howMany(a *Activity) int {
	if a.Name == "TerminateInstances" && a.Record != nil {
		return min(max(1, len(a.Record.Texts("requestParameters.instancesSet.items.instanceId"))), 1000)
	}
	return 1
}

func (m *amounts) Lacks() (string, bool) { return forgot(m.actors.forgotten, m.principals), false }

func (m *amounts) Cold() string {
	if m.warmUp == 0 {
		return ""
	}
	return m.watch.cold(m.warmUp)
}

func (m *amounts) Save() ([]byte, error) {
	return save(m.engine, "", func(w *writer) {
		m.watch.save(w)
		m.actors.save(w, saveVolume)
	}), nil
}

func (m *amounts) Load(data []byte) error {
	var seen watch
	actors := newTable[volume](m.actors.most, m.actors.mostSize)
	err := load(data, m.engine, "", func(r *loader) {
		seen.load(r)
		actors.load(r, loadVolume)
	})
	if err == nil {
		m.watch, m.actors = seen, actors
	}
	return err
}
