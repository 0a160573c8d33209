package awsconfig

import (
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Kind is what AWS Config delivered in a file.
type Kind string

const (
	Snapshot  Kind = "snapshot"  // every recorded resource at one instant
	Changes   Kind = "history"   // the changes of one type over some hours
	Oversized Kind = "oversized" // one change, too long for a notification
	Answer    Kind = "answer"    // JSON of the API, or a file renamed
)

// Name is what the key of a delivered file says about its content.
type Name struct {
	Kind    Kind
	Account string
	Region  string
	Type    string    // of a history file or an oversized notification
	Day     time.Time // the folder it lies in; zero where the path does not say
}

var (
	baseName = regexp.MustCompile(`^(\d{12})_Config_([a-z0-9-]+)_(ConfigSnapshot|ConfigHistory|ChangeNotification|OversizedChangeNotification)_(.*)$`)
	typed    = regexp.MustCompile(`AWS(::|__|%3A%3A)[A-Za-z0-9]+(?:::|__|%3A%3A)[A-Za-z0-9]+`)
	dayPath  = regexp.MustCompile(`/(\d{4})/(\d{1,2})/(\d{1,2})/`) // 2016/9/27: AWS Config pads neither
)

// ParseName reads the key under which AWS Config delivers, or the end of one:
// AWSLogs/111122223333/Config/eu-west-1/2016/9/27/ConfigHistory/….json.gz
func ParseName(key string) Name {
	key = strings.ReplaceAll(key, `\`, "/")
	name := Name{Kind: Answer}
	if m := dayPath.FindStringSubmatch("/" + key); m != nil {
		name.Day = day(m[1], m[2], m[3])
	}
	m := baseName.FindStringSubmatch(path.Base(key))
	if m == nil {
		return name
	}
	name.Account, name.Region = m[1], m[2]
	switch m[3] {
	case "ConfigSnapshot":
		name.Kind = Snapshot
	case "ConfigHistory":
		name.Kind, name.Type = Changes, typeIn(m[4])
	default:
		name.Kind, name.Type = Oversized, typeIn(key)
	}
	return name
}

// typeIn finds a resource type also where a file system did not take its colons.
func typeIn(text string) string {
	return strings.NewReplacer("%3A%3A", "::", "__", "::").Replace(typed.FindString(text))
}

func day(year, month, date string) time.Time {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(date)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return time.Time{} // 2016/13/40 is no day
	}
	return t
}
