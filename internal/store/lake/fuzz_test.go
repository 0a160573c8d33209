package lake

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzFile reads bytes as if they were a file of the lake: there is an error or there are
// events, and no more memory than the bytes could need.
func FuzzFile(f *testing.F) {
	dir := f.TempDir()
	fill(f, dir, Options{}, variety(40)...)
	l, err := list(f.Context(), dir, selection{})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range l.files[:6] {
		b, err := os.ReadFile(filepath.Join(dir, s.path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)-9])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readFooter(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		q := Query{Since: time.Unix(0, 0), Where: []Filter{{{Column: Operation, Match: func(v string) bool { return strings.Contains(v, "e") }}, {Raw: func([]byte) bool { return true }}}}}
		for i := range min(len(r.meta.RowGroups), 4) {
			g := r.group(i)
			for _, filters := range [][]Filter{nil, q.wanted()} {
				found := &run{group: g}
				if g.prepare(&q, filters, found) != nil {
					continue
				}
				for _, row := range found.rows {
					found.event(row)
				}
			}
			_ = g.identities(-1<<62, 1<<62, func(identity) {})
			c := &groupColumns{group: g}
			_ = c.read()
			_ = g.eachText(rawLeaf(), slices.Repeat([]bool{true}, g.rows), func(int, string) {})
			g.mayHave("x")
		}
	})
}

// FuzzNames reads paths: what is taken for one of the lake's is written the same again,
// and leads nowhere else.
func FuzzNames(f *testing.F) {
	f.Add(filepath.Join(relRoot, partition{"o-abc123", "eu-west-1", "111122223333", "20260302"}.path(), fileName{rows: 3, digest: 9}.String()))
	f.Add("aws/CLOUD_TRAIL/1.0/orgId=o-a/../..")
	f.Fuzz(func(t *testing.T, path string) {
		p, n, ok := parsePath(path)
		if !ok {
			return
		}
		if again := filepath.Join(relRoot, p.path(), n.String()); again != path || !filepath.IsLocal(path) {
			t.Errorf("%q is read as %q", path, again)
		}
	})
}

// FuzzJournal reads what a commit could be: it names nothing outside of the lake.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"format":1,"unit":3,"put":[{"From":"000001","To":"aws/x"}],"retire":["aws/y"],"done":[{"Day":"20260302","At":0,"Add":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.MkdirAll(own(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(own(dir, commitFile), b, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := readCommit(dir, commitFile)
		if err != nil || c == nil {
			return
		}
		for _, m := range c.Put {
			if !filepath.IsLocal(filepath.FromSlash(m.To)) || strings.Contains(m.From, "/") {
				t.Errorf("%+v", m)
			}
		}
		if _, err := list(context.Background(), dir, selection{}); err != nil {
			t.Log(err)
		}
	})
}
