package cloudtrail_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// unpack lays an archive of /work/shared/data out in a folder.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("/work/shared/data/cloudtrail", archive))
	if err != nil {
		t.Skipf("the recorded logs are not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, ".json") {
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			files[h.Name] = string(content)
		}
	}
	return folder(t, files)
}

func TestRecordedLogs(t *testing.T) {
	for archive, want := range map[string]int{"invictus-attack-logs.tar.gz": 2900, "stratus-detonation-logs.tar.gz": 300} {
		t.Run(archive, func(t *testing.T) {
			var r cloudtrail.Reader
			events, faults := read(t, &r, unpack(t, archive))
			for _, f := range faults {
				t.Error(f)
			}
			if n := len(events) + r.Stats().Duplicates; n < want {
				t.Errorf("%d events, at least %d are there", n, want)
			}
			for _, e := range events {
				if e.ID == "" || e.Name == "" || e.Service == "" || e.Time.IsZero() || e.Region == "" {
					t.Errorf("%+v", e)
				}
			}
			t.Logf("%+v", r.Stats())
		})
	}
}
