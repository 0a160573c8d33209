package lake

import (
	"context"
	"iter"
	"path/filepath"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Options are the settings of a lake; the zero Options are the defaults.
type Options struct {
	Now     func() time.Time // nil is time.Now
	Command []string         // the command line, for those who are refused the lock
	// Buffer bounds the rows held in memory over all partitions, in bytes; 0 is 56 MiB.
	Buffer int
	// Unit is how many rows make a unit of work that is committed whole; 0 is 500,000.
	Unit int
	// Grace is how long files stay readable that compaction replaced; 0 is an hour.
	Grace time.Duration
}

// Lake is a lake to read from. It is safe for concurrent use.
type Lake struct {
	dir string
	o   Options
}

// Open opens the lake in a folder for reading. A folder that is not there is ErrNoLake.
func Open(dir string, o Options) (*Lake, error) {
	if err := exists(dir); err != nil {
		return nil, err
	}
	return &Lake{dir: dir, o: o.withDefaults()}, nil
}

// Dir is the lake's folder.
func (l *Lake) Dir() string { return l.dir }

// Events yields the events that a query asks for, in order of time (events of the same
// instant by id). What cannot be read comes as a *Fault in its place, and reading goes on;
// any other error ends the sequence. An event's Raw belongs to the caller.
func (l *Lake) Events(ctx context.Context, q Query) iter.Seq2[evidence.Event, error] {
	return func(yield func(evidence.Event, error) bool) {
		s := &scan{lake: l, q: q}
		s.run(ctx, yield)
	}
}

// Day is what the lake has of one account, Region and day.
type Day struct {
	Organisation string // "" where it is not known, as for the others
	Account      string
	Region       string
	Day          time.Time // midnight, UTC; zero where events have no time
	Events       int
	First, Last  time.Time
	Files        int
	Bytes        int64
}

// Coverage is what the lake has, by account, Region and day, in the order of
// organisation, account, Region and day. It is read from the names of files.
func (l *Lake) Coverage(ctx context.Context) ([]Day, error) {
	return coverage(ctx, l.dir)
}

// root is where the partitions of CloudTrail lie.
func root(dir string) string { return filepath.Join(dir, "aws", "CLOUD_TRAIL", "1.0") }

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Buffer <= 0 {
		o.Buffer = 56 << 20
	}
	if o.Unit <= 0 {
		o.Unit = 500_000
	}
	if o.Grace <= 0 {
		o.Grace = time.Hour
	}
	return o
}
