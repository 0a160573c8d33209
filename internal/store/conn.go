package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// conn is one connection with the statements it has prepared. It is used by
// one goroutine at a time.
type conn struct {
	db    driver.Conn
	stmts map[string]driver.Stmt
}

// Pages of 8 KiB hold a typical resource whole. The caches bound memory: what
// does not fit is spilled to the log while a big transaction runs.
const (
	pageSize   = 8192
	writeKiB   = 32 << 10
	readKiB    = 8 << 10
	logPages   = 4000 // 32 MiB of log are written before they are carried over
	logMaxSize = 64 << 20
)

// How a database file is opened. One that lies still in a place where nothing
// can be written (an archive, another person's directory) has no log that could
// be opened; it is read as it is.
const (
	writing  = "mode=rwc"
	reading  = "mode=ro"
	archived = "mode=ro&immutable=1"
)

// connect opens a database file. With the write-ahead log and synchronous
// NORMAL a commit reaches the operating system, so it outlives the process
// whatever ends it; Run.Finish and Close add the sync that makes it outlive a
// power cut too. FULL would sync at each of the many small commits of a
// collection, which Finish makes unnecessary: an unfinished run is repeated.
func connect(path string, mode string) (*conn, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	path = "/" + strings.TrimPrefix(filepath.ToSlash(path), "/") // a drive letter needs the slash too
	db, err := new(sqlite.Driver).Open("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + mode)
	if err != nil {
		return nil, err
	}
	c := &conn{db, map[string]driver.Stmt{}}
	write, cache := mode == writing, readKiB
	if write {
		cache = writeKiB
	}
	pragmas := []string{"busy_timeout=5000", fmt.Sprintf("cache_size=-%d", cache)}
	if write {
		pragmas = append(pragmas, fmt.Sprintf("page_size=%d", pageSize), "journal_mode=wal", "synchronous=normal",
			fmt.Sprintf("wal_autocheckpoint=%d", logPages), fmt.Sprintf("journal_size_limit=%d", logMaxSize))
	} else {
		pragmas = append(pragmas, "query_only=1")
	}
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.db.Close())...)
}

// script runs statements that are run once.
func (c *conn) script(sql string) error {
	s, err := c.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = execute(s, nil)
	return err
}

func (c *conn) stmt(sql string) (driver.Stmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.db.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("%w, in %s", err, sql)
	}
	c.stmts[sql] = s
	return s, nil
}

// exec runs one statement and returns the row id of what it inserted.
func (c *conn) exec(sql string, args ...driver.Value) (int64, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return 0, err
	}
	result, err := execute(s, args)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// The context of single statements is left out on purpose: watching it costs a
// goroutine each. Loops look at theirs.
func execute(s driver.Stmt, args []driver.Value) (driver.Result, error) {
	return s.(driver.StmtExecContext).ExecContext(context.Background(), named(args))
}

func named(args []driver.Value) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, a := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return list
}

// row holds the columns of one result row: int64, string, []byte or nil. The
// slice is used again for the next row, its values are not.
type row []driver.Value

func (r row) int(i int) int64   { n, _ := r[i].(int64); return n }
func (r row) text(i int) string { s, _ := r[i].(string); return s }
func (r row) blob(i int) []byte { b, _ := r[i].([]byte); return b }

// query calls each for every row until it fails; errStop ends it without error.
func (c *conn) query(ctx context.Context, each func(row) error, sql string, args ...driver.Value) (err error) {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := make(row, len(rows.Columns()))
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := rows.Next(r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := each(r); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

var errStop = errors.New("stop")

// one reads the first row of a query into a copy; nil where there is none.
func (c *conn) one(ctx context.Context, sql string, args ...driver.Value) (row, error) {
	var out row
	err := c.query(ctx, func(r row) error { out = append(row{}, r...); return errStop }, sql, args...)
	return out, err
}

// transact runs f between BEGIN IMMEDIATE and COMMIT, or takes all of it back.
func (c *conn) transact(f func() error) (err error) {
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			// After some errors SQLite has rolled back by itself; then this fails and nothing is lost.
			_, _ = c.exec("ROLLBACK")
		}
	}()
	if err := f(); err != nil {
		return err
	}
	_, err = c.exec("COMMIT")
	done = err == nil
	return err
}
