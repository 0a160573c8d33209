package app

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"holdfast.dev/holdfast/internal/store/lake"
)

// LakeSettings say where the event lake is, and how long it keeps events.
type LakeSettings struct {
	Dir string `yaml:"dir"`
	// Retention is how long events are kept, by source: {cloudtrail: 400d}.
	Retention map[string]string `yaml:"retention"`
}

// LakeDir is where the event lake is: as told, else where the workspace says, else in the
// store's folder.
func (a *App) LakeDir(w Workspace, flag string) string {
	switch {
	case flag != "":
		return flag
	case w.Lake.Dir != "":
		return w.path(w.Lake.Dir)
	}
	return filepath.Join(a.StoreDir(w, ""), "lake")
}

// OpenLake opens the event lake for reading.
func (a *App) OpenLake(dir string) (*lake.Lake, error) {
	l, err := lake.Open(dir, lake.Options{Now: a.Now})
	return l, lakeUsage(err)
}

// lakeUsage tells errors that the user can mend from others.
func lakeUsage(err error) error {
	for _, is := range []error{lake.ErrNoLake, lake.ErrLocked, lake.ErrFull, lake.ErrDenied, lake.ErrNewer} {
		if errors.Is(err, is) {
			return Usage(err)
		}
	}
	return err
}

var spanPattern = regexp.MustCompile(`^([1-9][0-9]{0,4})([dwy])$`)

// ParseRetention reads a number of days, weeks or years: 400d, 52w, 7y.
func ParseRetention(s string) (time.Duration, error) {
	m := spanPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is no time to keep events; write days, weeks or years, such as 400d, 52w or 7y", s)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, err
	}
	days := map[string]int{"d": 1, "w": 7, "y": 366}[m[2]] * n
	const most = 36600
	if days > most {
		return 0, fmt.Errorf("%q is more than a hundred years", s)
	}
	return time.Duration(days) * 24 * time.Hour, nil
}
