package awsconfig

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

// walked collects what Walk yields.
func walked(t *testing.T, ctx context.Context, root string) (files []File, errs []error) {
	t.Helper()
	for file, err := range Walk(ctx, root, Options{}) {
		files = append(files, file)
		if err != nil {
			errs = append(errs, err)
		}
	}
	return files, errs
}

func TestWalkReadsTheLayoutInOrder(t *testing.T) {
	root := t.TempDir()
	write(t, root, snapshotKey, zipped(body(volumeItem("2016-09-08T10:00:00Z", "8"))))
	write(t, root, historyKey, zipped(body(volumeItem("2016-09-07T10:00:00Z", "4"))))
	write(t, root, "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", nil)
	write(t, root, "AWSLogs/111122223333/CloudTrail/eu-west-1/2016/09/07/111122223333_CloudTrail_eu-west-1_20160907T0000Z_x.json.gz", zipped(`{"Records":[]}`))
	files, errs := walked(t, context.Background(), root)
	if len(errs) > 0 || len(files) != 2 || files[0].Kind != Changes || files[1].Kind != Snapshot {
		t.Fatalf("files %+v, errors %v", files, errs)
	}
	var h History
	for _, f := range files {
		h.Add(f)
	}
	if got := lives(h.Versions()); !slices.Equal(got, []string{"vol-1 10:00-10:00 4", "vol-1 10:00-… 8"}) {
		t.Errorf("versions = %v", got)
	}
	single, errs := walked(t, context.Background(), filepath.Join(root, filepath.FromSlash(historyKey)))
	if len(errs) > 0 || len(single) != 1 {
		t.Errorf("a single file: %+v, %v", single, errs)
	}
}

func TestWalkEmpty(t *testing.T) {
	files, errs := walked(t, context.Background(), t.TempDir())
	if len(files) > 0 || len(errs) > 0 {
		t.Errorf("an empty folder gave %v, %v", files, errs)
	}
	file := parse(t, body())
	if len(file.Items) > 0 || len(file.Gaps) > 0 {
		t.Errorf("an empty file gave %+v", file)
	}
}

func TestWalkMissing(t *testing.T) {
	_, errs := walked(t, context.Background(), filepath.Join(t.TempDir(), "nowhere"))
	if len(errs) != 1 || !errors.Is(errs[0], os.ErrNotExist) {
		t.Errorf("errors = %v", errs)
	}
}

func TestWalkDenied(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root may read everything; the reason is told from the error alone.
		if f := unread(historyKey, os.ErrPermission); f.Gaps[0].Reason != evidence.Denied || f.Gaps[0].Account != "111122223333" {
			t.Errorf("gap = %+v", f.Gaps)
		}
		return
	}
	root := t.TempDir()
	path := write(t, root, historyKey, zipped(body(volumeItem("2016-09-07T10:00:00Z", "4"))))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	files, errs := walked(t, context.Background(), root)
	if len(errs) != 1 || !errors.Is(errs[0], os.ErrPermission) || len(files) != 1 || files[0].Gaps[0].Reason != evidence.Denied {
		t.Errorf("files %+v, errors %v", files, errs)
	}
}

func TestWalkCancelled(t *testing.T) {
	root := t.TempDir()
	write(t, root, historyKey, zipped(body(volumeItem("2016-09-07T10:00:00Z", "4"))))
	write(t, root, snapshotKey, zipped(body(volumeItem("2016-09-08T10:00:00Z", "8"))))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var files []File
	var last error
	for file, err := range Walk(ctx, root, Options{}) {
		files = append(files, file)
		last = err
		cancel()
	}
	if len(files) != 2 || !errors.Is(last, context.Canceled) || files[1].Gaps[0].Reason != evidence.Interrupted {
		t.Errorf("files %+v, last error %v", files, last)
	}
}

func TestWalkStopsWhenAsked(t *testing.T) {
	root := t.TempDir()
	write(t, root, historyKey, zipped(body()))
	write(t, root, snapshotKey, zipped(body()))
	n := 0
	for range Walk(context.Background(), root, Options{}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("yielded %d times after the loop ended", n)
	}
}

func TestBrokenFiles(t *testing.T) {
	good := body(volumeItem("2024-01-01T10:00:00Z", "8"), volumeItem("2024-01-01T11:00:00Z", "16"))
	long := body(volumeItem("2024-01-01T10:00:00Z", "8"), item("AWS::EC2::Volume", "vol-2", "2024-01-01T10:00:00Z", `{"x":"`+strings.Repeat("y", 4<<20)+`"}`))
	for _, c := range []struct {
		name  string
		data  []byte
		opt   Options
		items int
		say   string
	}{
		{"cut in the second item", []byte(good[:len(good)-30]), Options{}, 1, "ends too early"},
		{"cut after the list", []byte(good[:len(good)-1]), Options{}, 2, "ends too early"},
		{"cut gzip", func() []byte { z := zipped(good); return z[:len(z)/2] }(), Options{}, 0, "ends too early"},
		{"gzip with a wrong checksum", func() []byte { z := zipped(good); z[len(z)-6] ^= 1; return z }(), Options{}, 2, "checksum"},
		{"gzip header only", []byte{0x1f, 0x8b}, Options{}, 0, "EOF"},
		{"empty", nil, Options{}, 0, "ends too early"},
		{"a list", []byte(`[1]`), Options{}, 0, "expected a JSON object"},
		{"items are no list", []byte(`{"configurationItems":{}}`), Options{}, 0, "not a list"},
		{"bad token", []byte(strings.Replace(good, `"resourceId":"vol-1"`, `"resourceId":vol-1`, 1)), Options{}, 0, "byte "},
		{"more after it", []byte(good + "{}"), Options{}, 2, "more data"},
		{"too many items", []byte(good), Options{MaxItems: 1}, 1, "more than 1 configuration items"},
		{"a long item", []byte(long), Options{MaxItem: 1 << 10}, 1, "longer than the limit for one item"},
		{"a long file", zipped(long), Options{MaxFile: 1 << 20}, 1, "longer than the limit for one file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := Parse(historyKey, bytes.NewReader(c.data), c.opt)
			var at *ParseError
			if !errors.As(err, &at) || at.File != historyKey || !strings.Contains(err.Error(), c.say) {
				t.Fatalf("error = %v, want one that says %q", err, c.say)
			}
			if len(file.Items) != c.items {
				t.Errorf("%d items were kept, want %d", len(file.Items), c.items)
			}
			if len(file.Gaps) != 1 || file.Gaps[0].Reason != evidence.Corrupt || file.Gaps[0].Account != "111122223333" || file.Gaps[0].Types[0] != "AWS::S3::Bucket" {
				t.Errorf("gaps = %+v", file.Gaps)
			}
		})
	}
}

func TestBrokenItems(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	for name, broken := range map[string]string{
		"no type":        item("", "x", "2024-01-01T10:00:00Z", `{}`),
		"no time":        item("AWS::EC2::Volume", "vol-9", "yesterday", `{}`),
		"no config":      item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", `null`),
		"config a list":  item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", `[]`),
		"config cut":     item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", `"{\"a\":"`),
		"unknown status": item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", `{}`, "configurationItemStatus", `"Fine"`),
		"supplement cut": item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", `{}`, "supplementaryConfiguration", `{"Policy":"{\"a\":"}`),
		"nested":         item("AWS::EC2::Volume", "vol-9", "2024-01-01T10:00:00Z", deep),
		"a number":       `7`,
	} {
		t.Run(name, func(t *testing.T) {
			file := parse(t, body(broken, volumeItem("2024-01-01T10:00:00Z", "8")))
			var seen []string
			for _, i := range file.Items {
				for _, r := range i.Resources {
					seen = append(seen, r.ID)
				}
			}
			if !slices.Equal(seen, []string{"vol-1"}) {
				t.Errorf("resources = %v; the good item has to survive the broken one, and only it", seen)
			}
			if len(file.Gaps) != 1 || file.Gaps[0].Reason != evidence.Corrupt || !strings.Contains(file.Gaps[0].Detail, "byte ") {
				t.Errorf("gaps = %+v", file.Gaps)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(body(volumeItem("2024-01-01T10:00:00Z", "8"))))
	f.Add(zipped(body()))
	f.Add([]byte(`{"configurationItem":null,"configurationItemSummary":{}}`))
	for _, c := range mappingCases {
		f.Add([]byte(body(c.item)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		opt := Options{MaxItem: 1 << 20, MaxFile: 4 << 20, MaxItems: 1000}
		file, err := Parse(historyKey, bytes.NewReader(data), opt)
		if err != nil && !errors.Is(err, ErrNotConfig) && len(file.Gaps) == 0 {
			t.Fatalf("error without a gap: %v", err)
		}
		var h History
		h.Add(file)
		for _, v := range h.Versions() {
			if _, err := v.Digest(); err != nil {
				t.Fatalf("%s %s has no canonical form: %v", v.Type, v.ID, err)
			}
			if !v.Valid.To.IsZero() && !v.Valid.To.After(v.Valid.From) {
				t.Fatalf("%s %s is valid from %v to %v", v.Type, v.ID, v.Valid.From, v.Valid.To)
			}
		}
		h.Gaps()
	})
}
