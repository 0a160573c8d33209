package analytic

import (
	"fmt"
	"strings"
)

// novelty finds what somebody does for the first time: an action that changes who may
// do what, a Region, a kind of software.
type novelty struct {
	still
	of         string
	mask       uint32
	memory     memory
	principals int
	watch      watch
	actors     *table[profile]
	accounts   *table[profile] // what anybody in an account did
	repeats    repeats
}

var firstSeen = definition{Engine{
	Name:   "first-seen",
	About:  "Somebody calls a grave action, works in a Region, or uses a kind of software, for the first time; graver where nobody in the account did before.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "awsRegion", "userAgent", "readOnly", "errorCode", "userIdentity", "recipientAccountId"},
	Needs:  []string{"management"},
}, func(s *settings, _ World) Analytic {
	n := &novelty{}
	n.of = s.choice("of", "", []string{"action", "region", "user-agent"}, "what has to be new")
	all := tactics()
	grave := s.choices("tactics", all.names, "with of: action, the tactics whose actions count; by default all but discovery and initial-access")
	if s.given["tactics"] == nil {
		grave = []string{"persistence", "privilege-escalation", "credential-access", "defense-impairment", "exfiltration", "impact"}
	}
	n.mask = all.mask(grave)
	n.memory, n.principals = habits(s, 512)
	n.actors = newTable[profile](n.principals, 20*n.principals)
	n.accounts = newTable[profile](n.principals, 40*n.principals)
	return n
}}

func (n *novelty) Wants(a *Activity) bool { return !a.Data && someone(a) }

func (n *novelty) Observe(a *Activity, yield func(Signal)) {
	n.watch.see(a.Time)
	key, ok := n.thing(a)
	print := n.repeats.print(a, n.actors.epoch+n.memory.epoch, key)
	if n.repeats.has(print) {
		return
	}
	r := n.actors.ofActor(a)
	grown := n.memory.meet(&r.value, a.Time)
	if ok {
		everybody := r.value.on(key, dayOf(a.Time)) || n.inAccount(a, key)
		_, noted, more := n.memory.note(&r.value, key, dayOf(a.Time))
		grown += more
		if !noted && n.memory.warm(&r.value, a.Time) {
			yield(n.signal(r, a, everybody))
		}
	}
	n.actors.grow(r, grown)
	if n.memory.settled(&r.value, a.Time) {
		n.repeats.add(print)
	}
}

// thing is what is new or not about an event; not ok where it says nothing.
func (n *novelty) thing(a *Activity) (uint64, bool) {
	switch n.of {
	case "action":
		if a.ReadOnly || a.Error != "" || a.tactics()&n.mask == 0 {
			return 0, false
		}
		return a.call(), true
	case "region":
		if a.ReadOnly || a.Error != "" || a.Region == "" || a.worldwide() {
			return 0, false
		}
		return a.region(), true
	}
	key := a.agent()
	return key, key != 0
}

// inAccount notes a thing for the account, and tells whether the account knew it. Each
// actor brings a thing once a day: the account knows the rest.
func (n *novelty) inAccount(a *Activity, key uint64) bool {
	n.accounts.at(a.Time)
	r := n.accounts.take(who{accountOf(a), ""})
	grown := n.memory.meet(&r.value, a.Time)
	_, known, more := n.memory.note(&r.value, key, dayOf(a.Time))
	n.accounts.grow(r, grown+more)
	return known
}

func (n *novelty) signal(r *row[profile], a *Activity, everybody bool) Signal {
	what := map[string]string{"action": label(a.Service, a.Name), "region": "a change in " + a.Region + " (" + label(a.Service, a.Name) + ")",
		"user-agent": "a call with " + family(a.UserAgent) + " (" + label(a.Service, a.Name) + ")"}[n.of]
	text := fmt.Sprintf("%s: %s, for the first time in %s", spellActor(r.key), what, spellDays(a.Time.Unix()-r.value.since))
	s := single(a, text)
	if !everybody {
		s.Steps = 1
		s.Message += "; nobody in account " + accountOf(a) + " did so before"
	}
	return s
}

// global tells whether a service has one place for all Regions, which its events name
// whoever called it from wherever.
func global(service string) bool {
	name, _, _ := strings.Cut(service, ".")
	switch name {
	case "iam", "sts", "signin", "organizations", "route53", "route53domains", "cloudfront", "waf", "shield", "support", "trustedadvisor", "health",
		"account", "billing", "billingconsole", "ce", "cur", "budgets", "aws-portal", "artifact", "globalaccelerator", "networkmanager", "sso", "sso-directory",
		"sso-oauth", "identitystore", "tax", "payments", "freetier", "notifications", "user-subscriptions", "aws-marketplace", "s3express":
		return true
	}
	return false
}

func (n *novelty) Lacks() (string, bool) {
	return forgot(n.actors.forgotten+n.accounts.forgotten, n.principals), false
}

func (n *novelty) Cold() string { return n.watch.cold(n.memory.warmUp) }

func (n *novelty) Save() ([]byte, error) {
	return save("first-seen", n.of, func(w *writer) {
		n.watch.save(w)
		n.actors.save(w, saveProfile)
		n.accounts.save(w, saveProfile)
	}), nil
}

func (n *novelty) Load(data []byte) error {
	var seen watch
	actors, accounts := newTable[profile](n.actors.most, n.actors.mostSize), newTable[profile](n.accounts.most, n.accounts.mostSize)
	err := load(data, "first-seen", n.of, func(r *loader) {
		seen.load(r)
		actors.load(r, loadProfile)
		accounts.load(r, loadProfile)
	})
	if err == nil {
		n.watch, n.actors, n.accounts = seen, actors, accounts
	}
	return err
}
