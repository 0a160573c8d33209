package analytic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// bruteForce finds logins that fail again and again from one address, and one that
// succeeds after them.
type bruteForce struct {
	still
	least   int
	spans   spans
	then    int64
	sources *table[guessing]
}

// guessing is what came from one address to one account.
type guessing struct {
	failures  window
	successes []moment
	won       []interval // signalled with a success after them
}

var consoleBruteForce = definition{Engine{
	Name:   "console-brute-force",
	About:  "Logins to the console fail again and again from one address; graver where one succeeds after them.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "sourceIPAddress", "recipientAccountId", "userIdentity.userName", "responseElements.ConsoleLogin", "serviceEventDetails.CredentialVerification"},
	Needs:  []string{"management"},
}, func(s *settings, _ World) Analytic {
	b := &bruteForce{}
	b.least = s.whole("failures", 5, 2, 1000, "failed logins of one address to one account")
	length := s.span("window", 10*time.Minute, time.Minute, day, "the time in which they happen")
	then := s.span("then", time.Hour, time.Minute, day, "how long after the last of them a success counts")
	sources := s.whole("sources", 10_000, 1, 5e6, "how many addresses are remembered; those not seen for longest are forgotten first")
	b.spans = spans{length: int64(length / time.Second), late: int64(lateness / time.Second), quiet: int64(time.Hour / time.Second), most: 300}
	b.then = int64(then / time.Second)
	b.sources = newTable[guessing](sources, 10*sources)
	return b
}}

func (b *bruteForce) Wants(a *Activity) bool {
	switch a.Name {
	case "ConsoleLogin":
		return a.Service == "signin.amazonaws.com" && a.SourceIP != "" && inTime(a.Time)
	case "CredentialVerification": // of IAM Identity Center
		return (a.Service == "signin.amazonaws.com" || a.Service == "signin.aws") && a.SourceIP != "" && inTime(a.Time)
	}
	return false
}

// outcome is how a login ended; "" where the record does not say.
func outcome(a *Activity) string {
	if a.Record == nil {
		return ""
	}
	if a.Name == "ConsoleLogin" {
		return a.Record.Text("responseElements.ConsoleLogin")
	}
	return a.Record.Text("serviceEventDetails.CredentialVerification")
}

func (b *bruteForce) Observe(a *Activity, yield func(Signal)) {
	how := outcome(a)
	if how != "Failure" && how != "Success" {
		return
	}
	source := a.SourceIP
	if ip, ok := address(a); ok {
		source = sameHost(ip).String()
	}
	b.sources.at(a.Time)
	r := b.sources.take(who{accountOf(a), source})
	v := &r.value
	before := len(v.failures.moments) + len(v.successes)
	m := moment{at: a.Time.Unix(), key: hash(0, a.ID), id: a.ID, note: loginName(a)}
	if how == "Success" {
		v.succeed(m, b.spans)
	} else if _, isNews := v.failures.news(m.key, m.at, b.spans); isNews {
		kept := m
		kept.id, kept.note = strings.Clone(m.id), strings.Clone(m.note)
		v.failures.add(kept, b.spans)
	} else {
		return
	}
	b.judge(v, a, m, source, how, yield)
	b.sources.grow(r, len(v.failures.moments)+len(v.successes)-before)
}

func (v *guessing) succeed(m moment, s spans) {
	i, found := slices.BinarySearchFunc(v.successes, m, compareMoments)
	if found {
		return
	}
	m.id, m.note = strings.Clone(m.id), strings.Clone(m.note)
	v.successes = slices.Insert(v.successes, i, m)
	oldest := v.successes[len(v.successes)-1].at - s.length - s.late
	v.successes = slices.DeleteFunc(v.successes, func(o moment) bool { return o.at < oldest })
	if n := len(v.successes) - 16; n > 0 {
		v.successes = slices.Delete(v.successes, 0, n)
	}
}

// judge looks for enough failures around an event, or before a success.
func (b *bruteForce) judge(v *guessing, a *Activity, m moment, source, how string, yield func(Signal)) {
	enough := func(n int, _ []moment) bool { return n >= b.least }
	if how == "Success" {
		if ms := v.lastBefore(m.at, b.then, b.spans.length, b.least); ms != nil {
			b.won(v, a, ms, m, source, yield)
		}
		return
	}
	ms := v.failures.best(m.at, b.spans.length, enough)
	if ms == nil {
		return
	}
	end := ms[len(ms)-1].at
	i := slices.IndexFunc(v.successes, func(s moment) bool { return s.at >= end && s.at <= end+b.then })
	if i >= 0 {
		b.won(v, a, ms, v.successes[i], source, yield)
		return
	}
	var isFresh bool
	if v.failures.fired, isFresh = fresh(v.failures.fired, ms[0].at, end, b.spans.quiet); isFresh {
		yield(Signal{At: keep(a), Resource: source, Message: fmt.Sprintf("%d logins to the console of account %s failed from %s %s, for %s",
			len(ms), accountOf(a), source, over(ms), names(ms)), First: seconds(ms[0].at), Last: seconds(end), Count: len(ms), Events: eventsOf(ms)})
	}
}

// lastBefore gives the failures, enough of them in one window, that a success came
// after.
func (v *guessing) lastBefore(at, then, length int64, least int) []moment {
	all := v.failures.moments
	hi, _ := slices.BinarySearchFunc(all, at+1, func(m moment, t int64) int { return cmp.Compare(m.at, t) })
	for end := hi - 1; end >= least-1 && all[end].at >= at-then; end-- {
		if first := end - least + 1; all[end].at-all[first].at < length {
			return all[first : end+1]
		}
	}
	return nil
}

func (b *bruteForce) won(v *guessing, a *Activity, ms []moment, success moment, source string, yield func(Signal)) {
	var isFresh bool
	if v.won, isFresh = fresh(v.won, ms[0].at, success.at, b.spans.quiet); !isFresh {
		return
	}
	v.failures.fired, _ = fresh(v.failures.fired, ms[0].at, ms[len(ms)-1].at, b.spans.quiet)
	yield(Signal{At: keep(a), Resource: source, Steps: 1, Message: fmt.Sprintf("after %d failed logins from %s to the console of account %s, for %s, a login succeeded as %s",
		len(ms), source, accountOf(a), names(ms), success.note), First: seconds(ms[0].at), Last: seconds(success.at), Count: len(ms) + 1, Events: append(eventsOf(ms), success.id)})
}

// hidden is what CloudTrail writes for a name that is no user's: often it is a
// password.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

func loginName(a *Activity) string {
	if name := a.Record.Text("userIdentity.userName"); name != "" {
		return name
	}
	return a.Principal
}

// names are those that were tried.
func names(ms []moment) string {
	all := different(ms, func(m moment) string {
		switch m.note {
		case hidden:
			return "a name that CloudTrail hides"
		case "":
			return "no name"
		}
		return m.note
	})
	return some(all, 5)
}

func seconds(at int64) time.Time { return time.Unix(at, 0).UTC() }

func (b *bruteForce) Save() ([]byte, error) {
	return save("console-brute-force", "", func(w *writer) {
		b.sources.save(w, func(w *writer, v *guessing) {
			saveWindow(w, &v.failures)
			saveWindow(w, &window{moments: v.successes, fired: v.won})
		})
	}), nil
}

func (b *bruteForce) Load(data []byte) error {
	sources := newTable[guessing](b.sources.most, b.sources.mostSize)
	err := load(data, "console-brute-force", "", func(r *loader) {
		sources.load(r, func(r *loader, v *guessing) int {
			var won window
			n := loadWindow(r, &v.failures) + loadWindow(r, &won)
			v.successes, v.won = won.moments, won.fired
			return n
		})
	})
	if err == nil {
		b.sources = sources
	}
	return err
}
