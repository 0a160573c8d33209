package lake

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// unknown is the partition of what is not known, which query engines read as null.
const unknown = "__HIVE_DEFAULT_PARTITION__"

// partition is a folder of files: what one account did in one Region on one day.
type partition struct {
	org, region, account string // "" is not known
	day                  string // YYYYMMDD
}

// The keys of the path, Security Lake's spelling.
var partitionKeys = [4]string{"orgId=", "region=", "accountId=", "eventDay="}

func (p partition) path() string {
	values := [4]string{p.org, p.region, p.account, p.day}
	var parts [4]string
	for i, v := range values {
		if v == "" {
			v = unknown
		}
		parts[i] = partitionKeys[i] + v
	}
	return filepath.Join(parts[:]...)
}

// value reads one folder's name; false where it is none of the lake's.
func value(level int, name string) (string, bool) {
	v, ok := strings.CutPrefix(name, partitionKeys[level])
	if !ok || v == "" {
		return "", false
	}
	if v == unknown {
		return "", true
	}
	return v, fits(level, v)
}

// fits tells whether a value may be a folder. It comes from logs that anybody may have
// written: whatever could be no account, Region or organisation stays a column and names
// no folder, so that nothing leads outside and nobody makes folders without end.
func fits(level int, v string) bool {
	switch level {
	case 0:
		return len(v) >= 4 && len(v) <= 34 && strings.HasPrefix(v, "o-") && every(v[2:], lowerOrDigit)
	case 1:
		return len(v) >= 4 && len(v) <= 25 && strings.Count(v, "-") >= 2 && v[0] != '-' && every(v, func(c byte) bool { return lowerOrDigit(c) || c == '-' }) && digit(v[len(v)-1])
	case 2:
		return len(v) == 12 && every(v, digit)
	}
	_, err := time.Parse(dayLayout, v)
	return err == nil && len(v) == 8
}

func lowerOrDigit(c byte) bool { return c >= 'a' && c <= 'z' || digit(c) }
func digit(c byte) bool        { return c >= '0' && c <= '9' }

func every(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

const (
	dayLayout  = "20060102"
	timeLayout = "20060102T150405Z"
	noTime     = "00000000T000000Z"
	suffix     = ".parquet"
)

// fileName is what a file's name says.
type fileName struct {
	first, last time.Time // whole seconds; zero where no event has a time
	rows        int
	digest      uint64
}

func (n fileName) String() string {
	text := func(t time.Time) string {
		if t.IsZero() {
			return noTime
		}
		return t.UTC().Format(timeLayout)
	}
	return fmt.Sprintf("%s-%s-%d-%016x%s", text(n.first), text(n.last), n.rows, n.digest, suffix)
}

// parseName reads a name; false where it is not the lake's.
func parseName(name string) (n fileName, ok bool) {
	base, ok := strings.CutSuffix(name, suffix)
	parts := strings.Split(base, "-")
	if !ok || len(parts) != 4 || len(parts[3]) != 16 {
		return n, false
	}
	var errs [4]error
	n.first, errs[0] = parseMoment(parts[0])
	n.last, errs[1] = parseMoment(parts[1])
	n.rows, errs[2] = strconv.Atoi(parts[2])
	n.digest, errs[3] = strconv.ParseUint(parts[3], 16, 64)
	for _, err := range errs {
		if err != nil {
			return n, false
		}
	}
	return n, n.rows > 0 && n.String() == name
}

func parseMoment(s string) (time.Time, error) {
	if s == noTime {
		return time.Time{}, nil
	}
	return time.Parse(timeLayout, s)
}

// overlaps tells whether the file may have events of [since, until).
func (n fileName) overlaps(since, until time.Time) bool {
	if n.first.IsZero() {
		return since.IsZero() && until.IsZero()
	}
	// Names have whole seconds, events may have parts of one.
	return (since.IsZero() || n.last.Add(time.Second).After(since)) && (until.IsZero() || n.first.Before(until))
}
