// Package demo makes up an organisation, so that Holdfast can be seen at work
// without an AWS account, and measured on estates of any size. The same seed
// gives the same organisation, on every machine.
//
// It is a source like the others: what it makes is evidence in the shape the
// live collectors would give it, gaps among it. Flaws are drawn, not placed:
// production is kept better than sandboxes, and a week later some flaws are
// mended and a few have come up.
package demo

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Options say what to make up. The zero Options give the demo's organisation.
type Options struct {
	Seed      uint64
	Accounts  int       // 0 is 24
	Resources int       // about how many; 0 is 3,000
	At        time.Time // the instant of the evidence
	Weeks     int       // how many weeks of mending have gone by
	Peaceful  bool      // Activity has no attacks in it
}

func (o Options) withDefaults() Options {
	if o.Accounts == 0 {
		o.Accounts = 24
	}
	if o.Resources == 0 {
		o.Resources = 3000
	}
	return o
}

// Batch is what was observed of one account and Region (or of the account as a
// whole, where Region is evidence.Global).
type Batch struct {
	Account, Region string
	Resources       []*evidence.Resource
	Gaps            []evidence.Gap
	Complete        []string
}

var regions = []string{"eu-central-1", "eu-west-1", "us-east-1"}

// Generate makes the organisation up, batch by batch.
func Generate(o Options) iter.Seq[Batch] {
	o = o.withDefaults()
	return func(yield func(Batch) bool) {
		org := newOrganisation(o)
		if !yield(org.batch()) {
			return
		}
		share := o.Resources / len(org.accounts)
		for i := range org.accounts {
			a := &org.accounts[i]
			if a.state != "ACTIVE" {
				continue
			}
			if a.hidden {
				if !yield(hiddenBatch(a)) {
					return
				}
				continue
			}
			g := newGenerator(o, a, org)
			if !yield(g.global()) {
				return
			}
			for _, region := range regions {
				if !yield(g.regional(region, share/len(regions))) {
					return
				}
			}
		}
	}
}

// generator makes up one account.
type generator struct {
	*rand.Rand            // what there is
	luck       *rand.Rand // what is wrong with it
	seed       uint64
	options    Options
	account    *account
	org        *organisation
	region     string
	serial     int
	out        Batch
}

func newGenerator(o Options, a *account, org *organisation) *generator {
	var id uint64
	fmt.Sscan(a.id, &id) // account ids are numbers
	g := &generator{seed: o.Seed ^ id<<8, options: o, account: a, org: org}
	g.reseed(0)
	return g
}

// reseed starts a stack of its own, so that what a week changed in one leaves
// the others as they were.
func (g *generator) reseed(stack uint64) {
	var region uint64
	for _, c := range g.region {
		region = region*31 + uint64(c)
	}
	g.Rand = rand.New(rand.NewPCG(g.seed, region<<32|stack))
	g.luck = rand.New(rand.NewPCG(g.seed+1, region<<32|stack))
}

// props are properties as this package writes them; add turns them into the
// values that evidence holds.
type props map[string]any

// flaw draws whether something is wrong, given how likely that is in the account.
// Flaws are drawn apart from everything else, so that week after week the
// organisation stays itself while some are mended and a few appear.
func (g *generator) flaw(base float64) bool {
	wrong, later := g.luck.Float64() < base*g.account.laxity, g.luck.Float64()
	for range g.options.Weeks {
		switch {
		case wrong && later < 0.12:
			wrong = false
		case !wrong && later > 0.997:
			wrong = true
		}
	}
	return wrong
}

func (g *generator) chance(p float64) bool { return g.Float64() < p }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// name is a fresh id with a prefix: sg-0a1b….
func (g *generator) name(prefix string) string { return fmt.Sprintf("%s-%016x1", prefix, g.Uint64()) }

// word is a fresh readable name.
func (g *generator) word(what string) string {
	g.serial++
	return fmt.Sprintf("%s-%s-%d", g.account.workload, what, g.serial)
}

func (g *generator) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + g.region + ":" + g.account.id + ":" + resource
}

func (g *generator) globalARN(service, resource string) string {
	return "arn:aws:" + service + "::" + g.account.id + ":" + resource
}

func (g *generator) ago(days int) string {
	return g.options.At.AddDate(0, 0, -days).UTC().Format(time.RFC3339)
}

// tags are those of most things; some were forgotten.
func (g *generator) tags() props {
	if g.flaw(0.25) {
		return nil
	}
	return props{"owner": g.account.owner, "environment": g.account.environment, "workload": g.account.workload}
}

// add emits a resource in the generator's Region.
func (g *generator) add(typ, id, arn string, p props) *evidence.Resource {
	r := &evidence.Resource{Type: typ, ID: id, ARN: arn, Account: g.account.id, Region: g.region, Partition: "aws",
		Properties: object(p), Observed: g.options.At, Source: "demo"}
	if tags, ok := p["Tags"].(props); ok {
		r.Tags = map[string]string{}
		for k, v := range tags {
			r.Tags[k] = fmt.Sprint(v)
		}
		r.Properties["Tags"] = tagList(r.Tags)
	} else {
		delete(r.Properties, "Tags")
	}
	g.out.Resources = append(g.out.Resources, r)
	return r
}

// tagList spells tags as CloudFormation does, by key.
func tagList(tags map[string]string) []any {
	var out []any
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, map[string]any{"Key": k, "Value": tags[k]})
	}
	return out
}

// object brings props into the domain of property values; nil leaves a property
// out.
func object(p props) map[string]any {
	out := make(map[string]any, len(p))
	for k, v := range p {
		if v = value(v); v != nil {
			out[k] = v
		}
	}
	return out
}

func value(v any) any {
	switch v := v.(type) {
	case props:
		if v == nil {
			return nil
		}
		return object(v)
	case int:
		return int64(v)
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	case []props:
		out := make([]any, len(v))
		for i, p := range v {
			out[i] = object(p)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = value(e)
		}
		return out
	}
	return v
}

// flush hands over what was added since the last one. All that was looked for was
// listed whole, also that of which there is none.
func (g *generator) flush() Batch {
	b := g.out
	b.Account, b.Region = g.account.id, g.region
	types := slices.Clone(listedRegional)
	if g.region == evidence.Global {
		types = slices.Clone(listedGlobal)
	}
	for _, r := range b.Resources {
		types = append(types, r.Type)
	}
	slices.Sort(types)
	b.Complete = slices.Compact(types)
	g.out = Batch{}
	return b
}
