package dnslog

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.dev/holdfast/internal/evidence"
)

// record is one record as AWS writes it.
type record struct {
	Account  string   `json:"account_id"`
	Region   string   `json:"region"`
	VPC      string   `json:"vpc_id"`
	Time     string   `json:"query_timestamp"`
	Name     string   `json:"query_name"`
	Type     string   `json:"query_type"`
	Code     string   `json:"rcode"`
	Answers  []answer `json:"answers"`
	Source   string   `json:"srcaddr"`
	IDs      ids      `json:"srcids"`
	Firewall string   `json:"firewall_rule_action"`
}

type answer struct {
	Data string `json:"Rdata"`
}

// ids name where a query came from: an instance, or a Resolver endpoint.
type ids struct {
	Instance string `json:"instance"`
	Endpoint string `json:"resolver_endpoint"`
}

// mostAnswers is how many answers of a lookup are kept: far more than fit in a message.
const mostAnswers = 200

var errNone = errors.New("no record of a Resolver query log: it has neither query_name nor query_timestamp")

// Parser reads records. It keeps one copy of texts that come again and again, and
// belongs to one goroutine.
type Parser struct {
	r    record
	kept map[string]string
}

// mostTexts bounds what hostile files make it keep; then it begins anew.
const mostTexts = 1 << 14

func (p *Parser) text(v []byte) string {
	s, ok := p.kept[string(v)]
	if !ok {
		if p.kept == nil || len(p.kept) >= mostTexts {
			p.kept = map[string]string{}
		}
		s = string(v)
		p.kept[s] = s
	}
	return s
}

// Parse reads one record into a lookup, whose File and Row are the caller's to set.
func (p *Parser) Parse(text []byte, l *evidence.Lookup) error {
	*l = evidence.Lookup{}
	if !p.fast(text, &p.r) {
		if err := slow(text, &p.r); err != nil {
			return err
		}
	}
	return p.r.lookup(l)
}

// slow reads any JSON.
func slow(text []byte, r *record) error {
	*r = record{}
	if err := json.Unmarshal(text, r, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return fmt.Errorf("no record of a Resolver query log: %w", err)
	}
	return nil
}

// lookup turns a record into a lookup.
func (r *record) lookup(l *evidence.Lookup) error {
	if r.Name == "" && r.Time == "" {
		return errNone
	}
	at, err := moment(r.Time)
	if err != nil {
		return err
	}
	*l = evidence.Lookup{
		Time: at, Account: r.Account, Region: r.Region, VPC: r.VPC, Instance: r.IDs.Instance,
		Name: Name(r.Name), Type: strings.ToUpper(r.Type), Code: strings.ToUpper(r.Code), Firewall: strings.ToUpper(r.Firewall),
	}
	if l.Instance == "" {
		l.Instance = r.IDs.Endpoint
	}
	if r.Source != "" {
		if l.Source, err = netip.ParseAddr(r.Source); err != nil {
			return fmt.Errorf("srcaddr %q: not an IP address", short(r.Source))
		}
		l.Source = l.Source.Unmap()
	}
	for _, a := range r.Answers[:min(len(r.Answers), mostAnswers)] {
		l.Answers = append(l.Answers, strings.TrimSuffix(a.Data, "."))
	}
	return nil
}

// Name is a name of DNS as detections compare it: in lower case, without the dot at
// the end.
func Name(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

// moment reads a time. AWS's documents write milliseconds behind a colon too
// (2017-03-16T19:20:177Z).
func moment(s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil && len(s) > 16 && s[16] == ':' {
		at, err = time.Parse("2006-01-02T15:04", s[:16])
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("query_timestamp %q is not a time", short(s))
	}
	return at.UTC(), nil
}

func short(s string) string { return s[:min(len(s), 40)] }
