// Package compare measures the two pure-Go SQLite drivers on the store's own
// schema and workload. It is a module of its own, so that the driver which was
// not chosen stays out of the main go.mod.
package compare

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ncruces "github.com/ncruces/go-sqlite3/driver"
	modernc "modernc.org/sqlite"
)

const rows = 100_000

var drivers = []struct {
	name string
	driver.Driver
	lends bool // blobs of a row are gone with the next row, so keeping them takes a copy
}{
	{"modernc", &modernc.Driver{}, false},
	{"ncruces", &ncruces.SQLite{}, true},
}

// db is one connection with its prepared statements, as the store uses it.
type db struct {
	testing.TB
	driver.Conn
	stmts map[string]driver.Stmt
	lends bool
	kept  []byte
}

func open(t testing.TB, d driver.Driver, lends bool) *db {
	t.Helper()
	c, err := d.Open("file:" + filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	out := &db{TB: t, Conn: c, stmts: map[string]driver.Stmt{}, lends: lends}
	for _, p := range []string{"page_size=8192", "journal_mode=wal", "synchronous=normal", "cache_size=-32768"} {
		out.exec("PRAGMA " + p)
	}
	schema, err := os.ReadFile("../migrations/0001_first.sql")
	if err != nil {
		t.Fatal(err)
	}
	for sql := range strings.SplitSeq(withoutComments(string(schema)), ";") {
		if strings.TrimSpace(sql) != "" {
			out.exec(sql)
		}
	}
	return out
}

func (d *db) close() {
	for _, s := range d.stmts {
		s.Close()
	}
	d.Conn.Close()
}

func withoutComments(sql string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if code, _, found := strings.Cut(line, "--"); found {
			line = code + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func (d *db) stmt(sql string) driver.Stmt {
	s, ok := d.stmts[sql]
	if !ok {
		var err error
		if s, err = d.Prepare(sql); err != nil {
			d.Fatal(sql, err)
		}
		d.stmts[sql] = s
	}
	return s
}

func named(args []driver.Value) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, a := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return list
}

func (d *db) exec(sql string, args ...driver.Value) {
	if _, err := d.stmt(sql).(driver.StmtExecContext).ExecContext(context.Background(), named(args)); err != nil {
		d.Fatal(sql, err)
	}
}

func (d *db) query(sql string, args ...driver.Value) (n int) {
	r, err := d.stmt(sql).(driver.StmtQueryContext).QueryContext(context.Background(), named(args))
	if err != nil {
		d.Fatal(sql, err)
	}
	defer r.Close()
	row := make([]driver.Value, len(r.Columns()))
	for {
		if err := r.Next(row); errors.Is(err, io.EOF) {
			return n
		} else if err != nil {
			d.Fatal(sql, err)
		}
		n++
		if body, ok := row[len(row)-1].([]byte); ok && d.lends {
			d.kept = bytes.Clone(body)
		} else if ok {
			d.kept = body
		}
	}
}

func (d *db) evidence() {
	body := []byte(strings.Repeat(`{"Effect":"Allow","Action":"s3:GetObject"}`, 20)) // 860 bytes
	for scope := range int64(50) {
		d.exec("INSERT INTO scope (type, account, region) VALUES (?, ?, ?)", fmt.Sprintf("AWS::Made::Type%02d", scope%20), fmt.Sprintf("%012d", scope), "eu-west-1")
	}
	for i := range rows {
		if i%1000 == 0 {
			d.exec("BEGIN IMMEDIATE")
		}
		digest := sha256.Sum256(body)
		d.exec("INSERT INTO version (scope, id, valid_from, valid_to, run, observed, source, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			int64(i/1000%50+1), fmt.Sprintf("i-%016x", i), int64(1), int64(1)<<62, int64(1), int64(1), "aws", digest[:], body)
		if i%1000 == 999 {
			d.exec("COMMIT")
		}
	}
}

func (d *db) findings(run int64) {
	d.exec("BEGIN IMMEDIATE")
	for i := range rows {
		id := sha256.Sum256(fmt.Append(nil, i))
		resource := fmt.Sprintf("bucket-%07d", i)
		d.exec(`INSERT INTO finding (id, run, content, rule, verdict, type, resource, arn, account, region, file, line, col, message, exception, prevented_by,
			status, first_seen, last_seen, opened, resolved, due) VALUES (?, ?, ?, 1, 'FAIL', 'AWS::S3::Bucket', ?, ?, '111122223333', 'eu-west-1', '', 0, 0, ?, '', '', 'new', 1, 0, 1, 0, 1)
			ON CONFLICT (id) DO UPDATE SET run = excluded.run, content = excluded.content`,
			id[:16], run, int64(i), resource, "arn:aws:s3:::"+resource, "The bucket policy of "+resource+" lets anybody read objects.")
	}
	d.exec("COMMIT")
}

const scan = `SELECT v.scope, v.id, v.observed, v.source, v.body FROM scope s CROSS JOIN version v ON v.scope = s.id
  WHERE v.valid_from <= ?1 AND v.valid_to > ?1 ORDER BY s.type, s.account, s.region, v.id`

func BenchmarkDrivers(b *testing.B) {
	for _, d := range drivers {
		b.Run(d.name, func(b *testing.B) {
			b.Run("write", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					fresh := open(b, d, d.lends)
					fresh.evidence()
					fresh.close()
				}
			})
			full := open(b, d, d.lends)
			defer full.close()
			full.evidence()
			b.Run("scan", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n := full.query(scan, int64(2)); n != rows {
						b.Fatal(n)
					}
				}
			})
			b.Run("lookup", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					for i := range rows {
						if n := full.query("SELECT k, digest FROM version WHERE scope = ? AND id = ? AND valid_from <= 2 AND valid_to > 2", int64(i/1000%50+1), fmt.Sprintf("i-%016x", i)); n != 1 {
							b.Fatal(i, n)
						}
					}
				}
			})
			b.Run("findings", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					fresh := open(b, d, d.lends)
					fresh.exec("INSERT INTO rule (id, rule, title, severity, rank, objective, practices) VALUES (1, '', '', '', 0, '', '')")
					fresh.findings(1) // all new
					fresh.findings(2) // all there
					fresh.close()
				}
			})
			b.Logf("peak memory so far: %.0f MiB", peak())
		})
	}
}

func peak() (mib float64) {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %f", &mib); n == 1 {
			return mib / 1024
		}
	}
	return 0
}
