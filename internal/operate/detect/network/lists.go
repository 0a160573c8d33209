package network

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits of a threat list.
const (
	mostListBytes = 256 << 20
	mostListLine  = 64 << 10
	mostEntries   = 2_000_000
	mostAbout     = 120
)

// ParseList reads a threat list: a STIX 2 bundle, CSV with a header, or text with an
// address, range or domain on each line. What says no category of its own gets the one
// given. Indicators that are revoked, or no longer valid at the instant, are left out.
func ParseList(name string, data []byte, category Category, at time.Time) ([]Entry, error) {
	if len(data) > mostListBytes {
		return nil, fmt.Errorf("%s: a threat list of more than %d bytes", name, mostListBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	l := &list{name: name, category: category, at: at}
	var err error
	switch first := firstLine(data); {
	case strings.HasPrefix(first, "{"):
		err = l.stix(data)
	case isHeader(first):
		err = l.csv(data)
	default:
		err = l.text(data)
	}
	switch {
	case err != nil:
		return nil, err
	case len(l.entries) == 0 && l.skipped == 0:
		return nil, fmt.Errorf("%s: there is no address, range or domain in this threat list", name)
	}
	return l.entries, nil
}

type list struct {
	name     string
	category Category
	at       time.Time
	entries  []Entry
	skipped  int // revoked, expired or of kinds that are not looked for
}

func (l *list) add(e Entry) error {
	if len(l.entries) >= mostEntries {
		return fmt.Errorf("%s: a threat list of more than %d entries", l.name, mostEntries)
	}
	if e.Category == "" {
		e.Category = l.category
	}
	e.About = strings.ToValidUTF8(e.About[:min(len(e.About), mostAbout)], "")
	l.entries = append(l.entries, e)
	return nil
}

func firstLine(data []byte) string {
	for line := range bytes.Lines(data) {
		if text := strings.TrimSpace(string(line[:min(len(line), mostListLine)])); text != "" && text[0] != '#' && text[0] != ';' {
			return text
		}
	}
	return ""
}

// indicators are the names of columns that hold what is listed.
var indicators = []string{"indicator", "ip", "ip_address", "ipaddress", "address", "cidr", "network", "domain", "host", "hostname", "value", "ioc", "dst_ip"}

func isHeader(line string) bool {
	for _, column := range strings.Split(line, ",") {
		if strings.Contains(line, ",") && slices.Contains(indicators, columnName(column)) {
			return true
		}
	}
	return false
}

func columnName(s string) string {
	return strings.ReplaceAll(strings.ToLower(strings.Trim(s, " \"'")), " ", "_")
}

// text reads one entry a line; what follows # or ; is said about it.
func (l *list) text(data []byte) error {
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(make([]byte, 4096), mostListLine)
	for row := 1; scanner.Scan(); row++ {
		text, about := scanner.Text(), ""
		if i := strings.IndexAny(text, "#;"); i >= 0 {
			text, about = text[:i], strings.TrimSpace(text[i+1:])
		}
		fields := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
		if len(fields) == 0 {
			continue
		}
		what := fields[0]
		if len(fields) == 2 && isNull(fields[0]) { // a file of hosts
			what = fields[1]
		}
		e, err := ParseEntry(what)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", l.name, row, err)
		}
		e.About = about
		if err := l.add(e); err != nil {
			return err
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
}

// isNull tells the address that files of hosts send unwanted names to.
func isNull(s string) bool { return s == "0.0.0.0" || s == "127.0.0.1" || s == "::" || s == "::1" }

// csv reads a table with a header.
func (l *list) csv(data []byte) error {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord, r.LazyQuotes = '#', -1, true, true, true
	what, category, about := -1, -1, -1
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		line, _ := r.FieldPos(0)
		if first {
			for i, column := range row {
				switch name := columnName(column); {
				case what < 0 && slices.Contains(indicators, name):
					what = i
				case category < 0 && (name == "category" || name == "kind" || name == "threat_type"):
					category = i
				case about < 0 && (name == "description" || name == "about" || name == "comment" || name == "malware" || name == "name"):
					about = i
				}
			}
			if what < 0 {
				return fmt.Errorf("%s:%d: no column of this table is called indicator, ip, cidr, domain or the like", l.name, line)
			}
			continue
		}
		if what >= len(row) || strings.TrimSpace(row[what]) == "" {
			continue
		}
		e, err := ParseEntry(row[what])
		if err != nil {
			return fmt.Errorf("%s:%d: %w", l.name, line, err)
		}
		if category >= 0 && category < len(row) && row[category] != "" {
			if e.Category, err = ParseCategory(strings.TrimSpace(row[category])); err != nil {
				return fmt.Errorf("%s:%d: %w", l.name, line, err)
			}
		}
		if about >= 0 && about < len(row) {
			e.About = strings.Clone(row[about])
		}
		if err := l.add(e); err != nil {
			return err
		}
	}
}

// ParseEntry reads an address, a range in CIDR notation, or a domain.
func ParseEntry(s string) (Entry, error) {
	s = strings.ToLower(strings.Trim(strings.TrimSpace(s), `"'`))
	s = strings.ReplaceAll(strings.ReplaceAll(s, "[.]", "."), "hxxp", "http") // as reports write them
	if p, err := netip.ParsePrefix(s); err == nil {
		a := p.Addr().Unmap()
		bits := p.Bits()
		if p.Addr().Is4In6() {
			bits -= 96
		}
		if bits < 8 && a.Is4() || bits < 16 && a.Is6() {
			return Entry{}, fmt.Errorf("%q is a large part of all addresses; that is no entry of a threat list", s)
		}
		return Entry{Range: netip.PrefixFrom(a, bits).Masked()}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return Entry{Range: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s, _, _ = strings.Cut(rest, "/")
		s, _, _ = strings.Cut(s, ":")
	}
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(s, "*."), "."), ".")
	if !isDomain.MatchString(s) || len(s) > 253 {
		return Entry{}, fmt.Errorf("%q is neither an IP address, nor a range (CIDR), nor a domain", s[:min(len(s), 80)])
	}
	return Entry{Domain: strings.Clone(s)}, nil
}

var isDomain = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.[a-z][a-z0-9-]*[a-z0-9]$`)

// bundle is as much of a STIX 2 bundle as is looked at. Source: STIX 2.1, 4.7
// "Indicator" and 9 "Patterning".
type bundle struct {
	Type    string           `json:"type"`
	Objects []jsontext.Value `json:"objects"`
}

type indicator struct {
	Type       string   `json:"type"`
	Pattern    string   `json:"pattern"`
	Language   string   `json:"pattern_type"`
	Name       string   `json:"name"`
	Labels     []string `json:"labels"`
	Kinds      []string `json:"indicator_types"`
	Revoked    bool     `json:"revoked"`
	ValidUntil string   `json:"valid_until"`
	Value      string   `json:"value"` // of an ipv4-addr, ipv6-addr or domain-name
}

var errBundle = errors.New(`this JSON is not a STIX 2 bundle ({"type": "bundle", "objects": […]})`)

func (l *list) stix(data []byte) error {
	var b bundle
	if err := json.Unmarshal(data, &b, jsontext.AllowDuplicateNames(true)); err != nil {
		return fmt.Errorf("%s: %w: %w", l.name, errBundle, err)
	}
	if b.Type != "bundle" {
		return fmt.Errorf("%s: %w", l.name, errBundle)
	}
	for i, raw := range b.Objects {
		var o indicator
		if err := json.Unmarshal(raw, &o, jsontext.AllowDuplicateNames(true)); err != nil {
			l.skipped++ // an object of another kind, with fields of its own
			continue
		}
		if err := l.object(&o); err != nil {
			return fmt.Errorf("%s: object %d: %w", l.name, i+1, err)
		}
	}
	return nil
}

// compared are the comparisons of a pattern that name an address or a domain.
var compared = regexp.MustCompile(`(?:ipv4-addr|ipv6-addr|domain-name):value\s*(?:=|ISSUBSET)\s*'([^']{1,300})'`)

func (l *list) object(o *indicator) error {
	if o.Revoked || o.expired(l.at) {
		l.skipped++
		return nil
	}
	var values []string
	switch o.Type {
	case "indicator":
		// AND and FOLLOWEDBY ask for more than one thing to be there.
		if o.Language != "" && o.Language != "stix" || strings.Contains(o.Pattern, " AND ") || strings.Contains(o.Pattern, "FOLLOWEDBY") || strings.Contains(o.Pattern, " NOT ") {
			l.skipped++
			return nil
		}
		for _, m := range compared.FindAllStringSubmatch(o.Pattern, 1000) {
			values = append(values, m[1])
		}
	case "ipv4-addr", "ipv6-addr", "domain-name":
		values = []string{o.Value}
	}
	if len(values) == 0 {
		l.skipped++
	}
	for _, v := range values {
		e, err := ParseEntry(v)
		if err != nil {
			return err
		}
		e.Category, e.About = o.category(), o.Name
		if err := l.add(e); err != nil {
			return err
		}
	}
	return nil
}

func (o *indicator) expired(at time.Time) bool {
	until, err := time.Parse(time.RFC3339, o.ValidUntil)
	return err == nil && !at.IsZero() && !at.Before(until)
}

// words are how labels and indicator types name categories. "anonymization" and
// "malicious-activity" are STIX's own.
var words = []struct {
	word     string
	category Category
}{
	{"anonymization", Tor}, {"tor", Tor}, {"tor-exit", Tor}, {"c2", C2}, {"c&c", C2}, {"command-and-control", C2}, {"cnc", C2},
	{"mining", Mining}, {"cryptomining", Mining}, {"coinminer", Mining}, {"scanner", Scanner}, {"scanning", Scanner}, {"phishing", Phishing},
	{"blackhole", Blackhole}, {"sinkhole", Blackhole}, {"drop-point", DropPoint},
}

// category is what an indicator says of itself; "" where it says nothing we know.
func (o *indicator) category() Category {
	for _, label := range slices.Concat(o.Labels, o.Kinds) {
		for _, w := range words {
			if strings.EqualFold(label, w.word) {
				return w.category
			}
		}
	}
	return ""
}
