package cloudtrail

import (
	"slices"
	"strings"
	"time"
)

// Selection says which files are wanted, by what their names tell in AWS's layout. The
// zero Selection wants all. A name that does not tell is wanted: what is in the
// file decides then.
type Selection struct {
	Accounts []string
	Regions  []string
	Since    time.Time // events from here on, so files delivered from here on
	Until    time.Time // events before here, so files delivered up to a day later
}

// latest is how long after an event its file may come; CloudTrail aims at minutes, and
// makes up for an outage within a day.
const latest = 24 * time.Hour

// place is what a name tells:
// [prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<Region>/YYYY/MM/DD/<file>.
type place struct {
	account, kind, region string
	day                   string // YYYY/MM/DD as far as it goes
	depth                 int    // how many of the parts behind AWSLogs are there
}

// placeOf reads as much as a name or the prefix of names has.
func placeOf(name string) (p place, ok bool) {
	parts := strings.Split(name, "/")
	parts = parts[:len(parts)-1] // the last is the file, or nothing
	i := slices.Index(parts, "AWSLogs")
	if i < 0 {
		return p, false
	}
	parts = parts[i+1:]
	if len(parts) > 0 && strings.HasPrefix(parts[0], "o-") {
		parts = parts[1:]
	}
	if len(parts) > 0 && strings.Trim(parts[0], "0123456789") != "" {
		return p, false // a folder of that name, and another layout in it
	}
	for n, to := range []*string{&p.account, &p.kind, &p.region} {
		if n < len(parts) {
			*to, p.depth = parts[n], n+1
		}
	}
	if len(parts) > 3 {
		p.day = strings.Join(parts[3:min(len(parts), 6)], "/")
		p.depth = 4
	}
	return p, true
}

// kindOf tells by its place what a file holds: CloudTrail, CloudTrail-Insight,
// CloudTrail-Digest, Config, … or "" elsewhere.
func kindOf(name string) string {
	if p, ok := placeOf(name); ok && p.kind != "" {
		return p.kind
	}
	if base := name[strings.LastIndexByte(name, '/')+1:]; strings.Contains(base, "_CloudTrail-Digest_") {
		return "CloudTrail-Digest"
	}
	return ""
}

// holdsRecords tells of a kind of file whether it holds records.
func holdsRecords(kind string) bool {
	return kind == "" || strings.HasPrefix(kind, "CloudTrail") && kind != "CloudTrail-Digest"
}

// wants tells whether a file is wanted, or a folder can hold wanted files.
func (s *Selection) wants(name string) bool {
	if at := delivered(name[strings.LastIndexByte(name, '/')+1:]); !at.IsZero() && !s.wantsTime(at) {
		return false
	}
	p, ok := placeOf(name)
	if !ok {
		return true
	}
	if p.account != "" && len(s.Accounts) > 0 && !slices.Contains(s.Accounts, p.account) {
		return false
	}
	if p.region != "" && len(s.Regions) > 0 && !slices.Contains(s.Regions, p.region) {
		return false
	}
	return (p.kind == "" || holdsRecords(p.kind)) && !s.pastDay(p.day)
}

func (s *Selection) wantsTime(at time.Time) bool {
	return (s.Since.IsZero() || !at.Add(late).Before(s.Since)) && (s.Until.IsZero() || at.Before(s.Until.Add(latest)))
}

// pastDay tells that a day lies behind the last that is wanted.
func (s *Selection) pastDay(day string) bool {
	return !s.Until.IsZero() && day > s.Until.Add(latest).UTC().Format("2006/01/02")
}

// Keep gives the wanted files.
func (s *Selection) Keep(files []File) []File {
	var out []File
	for _, f := range files {
		if s.wants(f.Name) {
			out = append(out, f)
		}
	}
	return out
}
