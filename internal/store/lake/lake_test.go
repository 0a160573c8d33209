package lake

import (
	"fmt"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

var begin0 = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// row makes a small event of its own.
func row(n int, at time.Time, set map[Column]string) *Row {
	r := &Row{Time: at}
	put := func(c Column, v string) { r.Text[c] = []byte(v) }
	put(ID, fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n))
	put(Operation, "GetObject")
	put(Service, "s3.amazonaws.com")
	put(Account, "111122223333")
	put(Region, "eu-west-1")
	put(Actor, "arn:aws:iam::111122223333:user/alice")
	for c, v := range set {
		put(c, v)
	}
	r.Raw = fmt.Appendf(nil, `{"eventID":%q,"n":%d}`, r.Text[ID], n)
	return r
}

func fill(t testing.TB, dir string, o Options, rows ...*Row) Written {
	t.Helper()
	w, err := OpenWriter(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, r := range rows {
		if err := w.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.Written()
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	var rows []*Row
	for i := range 5000 {
		r := row(i, begin0.Add(time.Duration(4999-i)*time.Second), map[Column]string{Error: []string{"", "AccessDenied"}[i%2], ReadOnly: []string{"true", "false", ""}[i%3]})
		if i%5 == 0 {
			r.Resources = []Resource{{ARN: []byte("arn:aws:s3:::a")}, {ARN: []byte(fmt.Sprint("arn:aws:s3:::", i)), Type: []byte("AWS::S3::Bucket")}}
		}
		rows = append(rows, r)
	}
	fmt.Println(fill(t, dir, Options{}, rows...))
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	last := time.Time{}
	for e, err := range l.Events(t.Context(), Query{Raw: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Time.Before(last) {
			t.Fatal("order")
		}
		last = e.Time
		n++
		if n == 1 {
			fmt.Printf("%+v %s\n", e, e.Raw)
		}
	}
	fmt.Println(n)
	ls, _ := list(t.Context(), dir, selection{})
	for _, f := range ls.files {
		in, _ := f.open(dir)
		info, _ := in.Stat()
		pf, err := parquet.OpenFile(in, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(pf.Schema())
		r := pf.RowGroups()[0].Rows()
		buf := make([]parquet.Row, 3)
		k, err := r.ReadRows(buf)
		fmt.Println(k, err)
		fmt.Println(buf[0])
	}
}
