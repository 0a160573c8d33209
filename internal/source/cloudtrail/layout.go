package cloudtrail

import (
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/source/logfile"
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

// kindOf tells by its place what a file holds: CloudTrail, CloudTrail-Insight,
// CloudTrail-Digest, Config, … or "" elsewhere.
func kindOf(name string) string {
	if p, ok := logfile.PlaceOf(name); ok && p.Kind != "" {
		return p.Kind
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
	p, ok := logfile.PlaceOf(name)
	if !ok {
		return true
	}
	if p.Account != "" && len(s.Accounts) > 0 && !slices.Contains(s.Accounts, p.Account) {
		return false
	}
	if p.Region != "" && len(s.Regions) > 0 && !slices.Contains(s.Regions, p.Region) {
		return false
	}
	return (p.Kind == "" || holdsRecords(p.Kind)) && !s.pastDay(p.Day)
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
