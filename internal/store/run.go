package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// How runs stand.
const (
	Running     = "running"
	Finished    = "finished"
	Failed      = "failed"
	Interrupted = "interrupted" // its process ended before the run did
)

// Run is one invocation that writes: collect, review, check, demo.
type Run struct {
	ID       int64
	Kind     string
	Args     []string
	Started  time.Time
	Finished time.Time // zero until then
	Status   string
	Summary  json.RawMessage

	// Session is the ID of the first of the runs that resumed one another.
	Session int64

	// Resume asks Begin to go on where the last run of this kind was
	// interrupted or failed. Where there is nothing to resume a new session
	// begins.
	Resume bool

	journal *journal
}

// journal is what a session has finished so far.
type journal struct {
	store *Store
	mu    sync.Mutex
	done  map[string]bool
}

// Begin records that a run begins. Of the argument, Kind, Args, Started (now
// where zero) and Resume count.
func (s *Store) Begin(ctx context.Context, r Run) (*Run, error) {
	if r.Started.IsZero() {
		r.Started = s.now()
	}
	started, err := instant(r.Started)
	if err != nil {
		return nil, err
	}
	args, err := json.Marshal(r.Args)
	if err != nil {
		return nil, err
	}
	r.Status, r.Finished, r.Summary = Running, time.Time{}, nil
	r.journal = &journal{store: s, done: map[string]bool{}}
	err = s.change(ctx, func(c *conn) error {
		if r.Session = 0; r.Resume {
			if r.Session, err = c.unfinished(ctx, r.Kind); err != nil {
				return err
			}
		}
		r.ID, err = c.exec("INSERT INTO run (kind, args, session, started, status) VALUES (?, ?, ?, ?, ?)", r.Kind, string(args), r.Session, started, Running)
		if err != nil {
			return err
		}
		if r.Session == 0 {
			r.Session = r.ID
			_, err = c.exec("UPDATE run SET session = id WHERE id = ?", r.ID)
			return err
		}
		return c.query(ctx, func(row row) error { r.journal.done[row.text(0)] = true; return nil },
			"SELECT unit FROM unit WHERE session = ?", r.Session)
	})
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// unfinished is the session of the last run of a kind if that did not finish.
func (c *conn) unfinished(ctx context.Context, kind string) (int64, error) {
	r, err := c.one(ctx, "SELECT session, status FROM run WHERE kind = ? ORDER BY id DESC LIMIT 1", kind)
	if err != nil || r == nil || r.text(1) == Finished {
		return 0, err
	}
	return r.int(0), nil
}

// Finish records how the run ended, with a summary in JSON or none. Once it
// returns, everything the run wrote survives a power cut. It is recorded even
// after ctx was cancelled, since that is how a run is interrupted.
func (r *Run) Finish(ctx context.Context, status string, summary json.RawMessage) error {
	ctx = context.WithoutCancel(ctx)
	s, err := r.store()
	if err != nil {
		return err
	}
	if len(summary) > 0 && !json.Valid(summary) {
		return say(ErrInput, nil, "the summary of run %d is not JSON", r.ID)
	}
	finished := s.now()
	at, err := instant(finished)
	if err != nil {
		return err
	}
	err = s.durably(ctx, func(c *conn) error {
		_, err := c.exec("UPDATE run SET finished = ?, status = ?, summary = ? WHERE id = ?", at, status, string(summary), r.ID)
		if err == nil && status == Finished {
			_, err = c.exec("DELETE FROM unit WHERE session = ?", r.Session)
		}
		return err
	})
	if err == nil {
		r.Finished, r.Status, r.Summary = timeAt(at), status, summary
	}
	return err
}

func (r *Run) store() (*Store, error) {
	if r == nil || r.journal == nil {
		return nil, fmt.Errorf("%w: the run was not begun by Begin", ErrInput)
	}
	return r.journal.store, nil
}

// durably is change with a sync of the log at the commit, which carries all
// commits before it to the disk as well.
func (s *Store) durably(ctx context.Context, f func(*conn) error) error {
	err := s.pragma("PRAGMA synchronous=full")
	if err != nil {
		return err
	}
	err = s.change(ctx, f)
	return errors.Join(err, s.pragma("PRAGMA synchronous=normal"))
}

func (s *Store) pragma(text string) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if s.write == nil {
		return nil // change says why
	}
	return s.explain(s.write.script(text))
}

// Done tells whether this run or one it resumes has finished a unit of work.
func (r *Run) Done(unit string) bool {
	if r.journal == nil {
		return false
	}
	r.journal.mu.Lock()
	defer r.journal.mu.Unlock()
	return r.journal.done[unit]
}

// Mark records a unit of work as finished. A Batch can do it in its own
// transaction.
func (r *Run) Mark(ctx context.Context, unit string) error {
	s, err := r.store()
	if err != nil {
		return err
	}
	if err := s.change(ctx, func(c *conn) error { return c.mark(r, unit) }); err != nil {
		return err
	}
	r.journal.add(unit)
	return nil
}

func (c *conn) mark(r *Run, unit string) error {
	_, err := c.exec("INSERT OR IGNORE INTO unit (session, unit) VALUES (?, ?)", r.Session, unit)
	return err
}

func (j *journal) add(unit string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done[unit] = true
}

// Runs lists all runs, the latest first. One that no living process works on
// and that never finished is Interrupted.
func (s *Store) Runs(ctx context.Context) ([]Run, error) {
	var list []Run
	living := s.writes || held(s.dir)
	err := s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			run := Run{ID: r.int(0), Kind: r.text(1), Session: r.int(3), Started: timeAt(r.int(4)), Finished: optionalAt(r.int(5)), Status: r.text(6)}
			if summary := r.text(7); summary != "" {
				run.Summary = json.RawMessage(summary)
			}
			if run.Status == Running && !living {
				run.Status = Interrupted
			}
			list = append(list, run)
			return json.Unmarshal([]byte(r.text(2)), &list[len(list)-1].Args)
		}, "SELECT id, kind, args, session, started, finished, status, summary FROM run ORDER BY id DESC")
	})
	return list, err
}
