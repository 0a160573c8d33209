package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Category is what a threat list is a list of.
type Category string

// The categories of lists, and what findings say of what is on them.
const (
	C2        Category = "c2"
	Tor       Category = "tor"
	Mining    Category = "mining"
	Blackhole Category = "blackhole"
	DropPoint Category = "drop-point"
	Scanner   Category = "scanner"
	Phishing  Category = "phishing"
	Malicious Category = "malicious" // of any other kind, or not told
)

// Categories are all of them; the place of each is its bit in a Mark.
var Categories = []Category{C2, Tor, Mining, Blackhole, DropPoint, Scanner, Phishing, Malicious}

func categoryNames() (names []string) {
	for _, c := range Categories {
		names = append(names, string(c))
	}
	return names
}

// ParseCategory knows the categories by name.
func ParseCategory(s string) (Category, error) {
	if c := Category(strings.ToLower(s)); slices.Contains(Categories, c) {
		return c, nil
	}
	return "", fmt.Errorf("%q is not a kind of threat list; there are %s", s, strings.Join(categoryNames(), ", "))
}

// Words is how an alert calls what is on such a list.
func (c Category) Words() string {
	switch c {
	case C2:
		return "command and control"
	case Tor:
		return "a Tor node"
	case Mining:
		return "a mining pool"
	case Blackhole:
		return "a blackhole"
	case DropPoint:
		return "a drop point"
	case Scanner:
		return "a scanner"
	case Phishing:
		return "phishing"
	}
	return "malicious"
}

// Mark says on which categories of lists something is.
type Mark uint16

// Has tells whether a category is among them.
func (m Mark) Has(c Category) bool { return m&c.mark() != 0 }

func (c Category) mark() Mark {
	if i := slices.Index(Categories, c); i >= 0 {
		return 1 << i
	}
	return 0
}

// Entry is one thing on a threat list: an address, a range or a domain, which stands
// for all names below it.
type Entry struct {
	Range    netip.Prefix // of one address too
	Domain   string
	Category Category
	About    string // what the list says of it
}

// Threats are the entries of all lists that were given, and the domains that are
// trusted whatever lists say. The zero Threats know none.
type Threats struct {
	addresses map[netip.Addr]Mark
	ranges    map[int]map[netip.Prefix]Mark // by the length of their bits, IPv6 from 1000 on
	lengths   []int
	domains   map[string]Mark
	about     map[string]string // by entry and category
	counts    map[Category]struct{ addresses, domains int }
	harmless  []string
}

// NewThreats puts lists together.
func NewThreats(entries []Entry, harmless []string) *Threats {
	t := &Threats{
		addresses: map[netip.Addr]Mark{}, ranges: map[int]map[netip.Prefix]Mark{}, domains: map[string]Mark{}, about: map[string]string{},
		counts: map[Category]struct{ addresses, domains int }{}, harmless: harmless,
	}
	for _, e := range entries {
		count := t.counts[e.Category]
		switch {
		case e.Domain != "":
			count.domains++
			t.domains[e.Domain] |= e.Category.mark()
			t.note(e.Domain, e)
		case e.Range.IsSingleIP():
			count.addresses++
			t.addresses[e.Range.Addr()] |= e.Category.mark()
			t.note(e.Range.String(), e)
		case e.Range.IsValid():
			count.addresses++
			n := lengthOf(e.Range)
			if t.ranges[n] == nil {
				t.ranges[n] = map[netip.Prefix]Mark{}
				t.lengths = append(t.lengths, n)
			}
			t.ranges[n][e.Range.Masked()] |= e.Category.mark()
			t.note(e.Range.Masked().String(), e)
		}
		t.counts[e.Category] = count
	}
	slices.Sort(t.lengths)
	return t
}

func lengthOf(p netip.Prefix) int {
	if p.Addr().Is6() {
		return 1000 + p.Bits()
	}
	return p.Bits()
}

func (t *Threats) note(what string, e Entry) {
	if key := what + " " + string(e.Category); e.About != "" && t.about[key] == "" {
		t.about[key] = e.About
	}
}

// Address tells on which lists an address is.
func (t *Threats) Address(a netip.Addr) (m Mark) {
	if t == nil || len(t.addresses)+len(t.lengths) == 0 {
		return 0
	}
	m = t.addresses[a]
	for _, n := range t.lengths {
		if p, err := prefixOf(a, n); err == nil {
			m |= t.ranges[n][p]
		}
	}
	return m
}

var errOther = fmt.Errorf("an address of the other kind")

func prefixOf(a netip.Addr, n int) (netip.Prefix, error) {
	if n >= 1000 != a.Is6() {
		return netip.Prefix{}, errOther
	}
	return a.Prefix(n % 1000)
}

// Name tells on which lists a name, or a domain above it, is.
func (t *Threats) Name(name string) (m Mark) {
	if t == nil || len(t.domains) == 0 {
		return 0
	}
	for d := name; ; {
		m |= t.domains[d]
		i := strings.IndexByte(d, '.')
		if i < 0 {
			break
		}
		d = d[i+1:]
	}
	return m
}

// Harmless tells whether a name lies below a domain that is trusted, and below which.
func (t *Threats) Harmless(name string) (domain string, ok bool) {
	for _, d := range t.harmless {
		if below(name, []string{d}) {
			return d, true
		}
	}
	return "", false
}

// below tells whether a name is, or lies below, one of some domains.
func below(name string, domains []string) bool {
	for _, d := range domains {
		if name == d || strings.HasSuffix(name, d) && len(name) > len(d) && name[len(name)-len(d)-1] == '.' {
			return true
		}
	}
	return false
}

// Why says what the lists say of an address, in brackets; "" where they say nothing.
func (t *Threats) Why(a netip.Addr, c Category) string {
	keys := []string{netip.PrefixFrom(a, a.BitLen()).String()}
	for _, n := range slices.Backward(t.lengths) {
		if p, err := prefixOf(a, n); err == nil {
			keys = append(keys, p.String())
		}
	}
	return t.said(keys, c)
}

// WhyName is Why for a name.
func (t *Threats) WhyName(name string, c Category) string {
	keys := []string{name}
	for i := range len(name) {
		if name[i] == '.' {
			keys = append(keys, name[i+1:])
		}
	}
	return t.said(keys, c)
}

func (t *Threats) said(keys []string, c Category) string {
	for _, key := range keys {
		if about := t.about[key+" "+string(c)]; about != "" {
			return " (" + about + ")"
		}
	}
	return ""
}

// without says that there is no list of a category.
func (t *Threats) without(c Category, addresses bool) string {
	var count struct{ addresses, domains int }
	if t != nil {
		count = t.counts[c]
	}
	if addresses && count.addresses == 0 || !addresses && count.domains == 0 {
		what := "domains"
		if addresses {
			what = "addresses"
		}
		return fmt.Sprintf("there is no threat list of its kind with %s; give one with --threats KIND=FILE", what)
	}
	return ""
}
