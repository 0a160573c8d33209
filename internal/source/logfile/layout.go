package logfile

import (
	"slices"
	"strings"
	"time"
)

// Selection says which files are wanted, by what their names tell in AWS's layout. A
// name that does not tell is wanted: what is in the file decides then.
type Selection struct {
	Kind     string // folder of the service: vpcflowlogs, vpcdnsquerylogs; "" takes any
	Accounts []string
	Regions  []string
	Since    time.Time // records from here on, so files written from here on
	Until    time.Time // records before here, so files written up to a day later
}

// early is how much older than its records the time in a file's name may be (it is
// when the file was begun); latest how much later a file may come.
const (
	early  = time.Hour
	latest = 24 * time.Hour
)

// Place is what a name tells. AWS lays logs down as
// [prefix/]AWSLogs/[o-…/]<account>/<kind>/<Region or VPC>/YYYY/MM/DD/[HH/]<file>, or
// in folders that Hive reads:
// AWSLogs/aws-account-id=<account>/aws-service=<kind>/aws-region=<Region>/year=…/month=…/day=…/[hour=…/]<file>.
type Place struct {
	Account, Kind, Region string
	VPC                   string
	Day                   string // YYYY/MM/DD as far as it goes
	depth                 int    // how many of the parts behind AWSLogs are there
	hive                  bool
}

// PlaceOf reads as much as a name, or the prefix of names, has.
func PlaceOf(name string) (p Place, ok bool) {
	parts := strings.Split(name, "/")
	base := parts[len(parts)-1]
	parts = parts[:len(parts)-1]
	i := slices.Index(parts, "AWSLogs")
	if i < 0 {
		return placeOfBase(base)
	}
	parts = parts[i+1:]
	if len(parts) > 0 && strings.HasPrefix(parts[0], "o-") {
		parts = parts[1:]
	}
	var third string
	for n, to := range []*string{&p.Account, &p.Kind, &third} {
		if n < len(parts) {
			*to, p.depth = p.value(parts[n]), n+1
		}
	}
	if strings.Trim(p.Account, "0123456789") != "" {
		return Place{}, false // a folder of that name, and another layout in it
	}
	if strings.HasPrefix(third, "vpc-") {
		p.VPC = third
	} else {
		p.Region = third
	}
	if len(parts) > 3 {
		var days []string
		for _, part := range parts[3:min(len(parts), 6)] {
			days = append(days, p.value(part))
		}
		p.Day, p.depth = strings.Join(days, "/"), 4
	}
	if named, ok := placeOfBase(base); ok && p.Region == "" {
		p.Region = named.Region
	}
	return p, true
}

// value is a part of a path without the name that Hive wants before it.
func (p *Place) value(part string) string {
	if _, value, ok := strings.Cut(part, "="); ok {
		p.hive = true
		return value
	}
	return part
}

// placeOfBase reads the name of a file on its own:
// <account>_vpcflowlogs_<Region>_<flow log>_<time>_<hash>.log.gz and
// <VPC>_vpcdnsquerylogs_<account>_<time>_<hash>.log.gz.
func placeOfBase(base string) (p Place, ok bool) {
	parts := strings.Split(base, "_")
	switch {
	case len(parts) > 4 && parts[1] == "vpcflowlogs":
		return Place{Account: parts[0], Kind: parts[1], Region: parts[2]}, true
	case len(parts) > 3 && parts[1] == "vpcdnsquerylogs":
		return Place{Account: parts[2], Kind: parts[1], VPC: parts[0]}, true
	}
	return p, false
}

// Written reads the time in a file's name; zero where there is none.
func Written(base string) time.Time {
	for part := range strings.SplitSeq(base, "_") {
		part, _, _ = strings.Cut(part, ".")
		if len(part) < 14 || part[8] != 'T' {
			continue
		}
		for _, layout := range []string{"20060102T1504Z", "20060102T150405Z"} {
			if at, err := time.Parse(layout, part); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// Wants tells whether a file is wanted, or a folder can hold wanted files.
func (s *Selection) Wants(name string) bool {
	if at := Written(name[strings.LastIndexByte(name, '/')+1:]); !at.IsZero() && !s.wantsTime(at) {
		return false
	}
	p, ok := PlaceOf(name)
	if !ok {
		return true
	}
	if p.Account != "" && len(s.Accounts) > 0 && !slices.Contains(s.Accounts, p.Account) {
		return false
	}
	if p.Region != "" && len(s.Regions) > 0 && !slices.Contains(s.Regions, p.Region) {
		return false
	}
	return !s.foreign(p) && !s.pastDay(p.Day)
}

// foreign tells that a place belongs to another service.
func (s *Selection) foreign(p Place) bool { return s.Kind != "" && p.Kind != "" && p.Kind != s.Kind }

func (s *Selection) wantsTime(at time.Time) bool {
	return (s.Since.IsZero() || !at.Add(early).Before(s.Since)) && (s.Until.IsZero() || at.Before(s.Until.Add(latest)))
}

// pastDay tells that a day lies behind the last that is wanted.
func (s *Selection) pastDay(day string) bool {
	return !s.Until.IsZero() && day > s.Until.Add(latest).UTC().Format("2006/01/02")
}
