package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say how to open a store. The zero Options open it for writing.
type Options struct {
	ReadOnly bool
	Now      func() time.Time // time.Now where nil; only run and lock records carry it
	Args     []string         // the command line, for the message a second writer gets; os.Args where nil

	steps []string // migrations; the embedded ones where nil
}

// Store is an open store. It is safe for concurrent use; writes queue up, so a
// sequence that a write consumes may read the store and must not write to it.
type Store struct {
	dir    string
	now    func() time.Time
	writes bool // opened for writing
	lock   *os.File

	writer sync.Mutex // held while write is in use
	write  *conn      // nil when opened for reading

	readers sync.Mutex
	mode    string  // how readers connect
	idle    []*conn // readers waiting for work
	closed  bool
}

func dbPath(dir string) string { return filepath.Join(dir, "holdfast.db") }

// Open opens the store in a directory. For writing, the directory is made
// where it is missing and the schema is brought up to date; for reading, a
// store has to be there.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Args == nil {
		o.Args = os.Args
	}
	s := &Store{dir: dir, now: o.Now, writes: !o.ReadOnly, mode: reading}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(explain(dir, err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	info, err := os.Stat(s.dir)
	if err == nil && !info.IsDir() {
		return say(ErrDenied, nil, "%q is a file, not a store directory; choose a directory with --store", s.dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if o.steps == nil {
		if o.steps, err = migrations(); err != nil {
			return err
		}
	}
	if o.ReadOnly {
		return s.openReader(ctx, o)
	}
	return s.openWriter(ctx, o)
}

func (s *Store) openWriter(ctx context.Context, o Options) error {
	err := os.MkdirAll(s.dir, 0o700)
	if err != nil {
		return fmt.Errorf("making the store directory: %w", err)
	}
	if s.lock, err = acquire(s.dir, s.now(), commandLine(o.Args)); err != nil {
		return err
	}
	// SQLite gives its other files the mode of this one: evidence is nobody else's business.
	f, err := os.OpenFile(dbPath(s.dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return err
	}
	if s.write, err = connect(dbPath(s.dir), writing); err != nil {
		return err
	}
	if err := s.write.migrate(ctx, s.dir, o.steps); err != nil {
		return err
	}
	_, err = s.write.exec("UPDATE run SET status = ? WHERE status = ?", Interrupted, Running)
	return err
}

func (s *Store) openReader(ctx context.Context, o Options) error {
	none := say(ErrNoStore, nil, "there is no store in %q; run holdfast collect or holdfast demo first, or name its directory with --store", s.dir)
	if info, err := os.Stat(dbPath(s.dir)); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return none
	}
	c, v, err := s.firstReader(ctx, o)
	if unwritable(err) && !s.hasLog() {
		s.mode = archived
		c, v, err = s.firstReader(ctx, o)
	}
	switch {
	case err != nil:
		return err
	case v == 0:
		return errors.Join(none, c.close())
	case v < len(o.steps):
		if err := errors.Join(c.close(), s.upgrade(ctx, o)); err != nil {
			return err
		}
		return s.openReader(ctx, o)
	}
	s.idle = append(s.idle, c)
	return nil
}

func (s *Store) firstReader(ctx context.Context, o Options) (*conn, int, error) {
	c, err := connect(dbPath(s.dir), s.mode)
	if err != nil {
		return nil, 0, err
	}
	v, err := c.version(ctx, s.dir, len(o.steps))
	if err != nil {
		return nil, 0, errors.Join(err, c.close())
	}
	return c, v, nil
}

// hasLog tells whether commits wait in a write-ahead log beside the database.
func (s *Store) hasLog() bool {
	info, err := os.Stat(dbPath(s.dir) + "-wal")
	return err == nil && info.Size() > 0
}

// upgrade lets a reader bring an older store up to date.
func (s *Store) upgrade(ctx context.Context, o Options) error {
	o.ReadOnly = false
	w, err := Open(ctx, s.dir, o)
	if err != nil {
		return fmt.Errorf("the store has an older format and could not be brought up to date: %w", err)
	}
	return w.Close()
}

// Close gives the store up. Readings under way go on to their end.
func (s *Store) Close() error {
	s.readers.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.readers.Unlock()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.close())
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	if s.write != nil {
		errs = append(errs, s.write.close())
		s.write = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return s.explain(errors.Join(errs...))
}

// Size is how many bytes the store takes on disk.
func (s *Store) Size() (int64, error) {
	var n int64
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(dbPath(s.dir) + suffix)
		if err == nil {
			n += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
	}
	return n, nil
}

// change runs f in one transaction of the writer.
func (s *Store) change(ctx context.Context, f func(*conn) error) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if s.write == nil {
		return say(ErrReadOnly, nil, "the store in %q is not open for writing", s.dir)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.explain(s.write.transact(func() error { return f(s.write) }))
}

// view runs f on a connection for reading.
func (s *Store) view(f func(*conn) error) error {
	c, err := s.reader()
	if err != nil {
		return s.explain(err)
	}
	defer s.release(c)
	return s.explain(f(c))
}

var errClosed = errors.New("the store is closed")

func (s *Store) reader() (*conn, error) {
	s.readers.Lock()
	defer s.readers.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return c, nil
	}
	return connect(dbPath(s.dir), s.mode)
}

// maxIdle is how many readers are kept for the next call.
const maxIdle = 4

func (s *Store) release(c *conn) {
	s.readers.Lock()
	defer s.readers.Unlock()
	if s.closed || len(s.idle) >= maxIdle {
		_ = c.close() // a reader has nothing to lose
		return
	}
	s.idle = append(s.idle, c)
}
