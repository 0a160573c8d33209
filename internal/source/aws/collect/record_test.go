package collect

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestRecordingReadsAlike records every collector, its listings coming in two
// pages, and expects the recording to say the same as what was recorded.
func TestRecordingReadsAlike(t *testing.T) {
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			world, err := awstest.Load(filepath.Join("testdata", c.Name))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			collectors := []aws.Collector{c}
			live := awstest.RunWith(t.Context(), t, collectors, world, awstest.TwoPages, aws.RunOptions{Record: dir})
			if live.Err != nil {
				t.Fatal(live.Err)
			}
			recorded, err := awstest.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			again := awstest.Run(t.Context(), t, collectors, recorded, nil)
			if again.Err != nil {
				t.Fatal(again.Err)
			}
			if diff := cmp.Diff(live.Sorted(), again.Sorted()); diff != "" {
				t.Errorf("(-live +recorded)\n%s", diff)
			}
		})
	}
}

// TestRecordingsHoldNoSecrets records every collector and looks for the secrets
// that its saved responses hold in every file that was written.
func TestRecordingsHoldNoSecrets(t *testing.T) {
	met := map[string]bool{}
	for _, c := range slices.Concat(All(), generic()) {
		t.Run(c.Name, func(t *testing.T) {
			dir, world := t.TempDir(), saved(t, c)
			if out := awstest.RunWith(t.Context(), t, []aws.Collector{c}, world, nil, aws.RunOptions{Record: dir}); out.Err != nil {
				t.Fatal(out.Err)
			}
			search(t, world, func(_, secret string) { met[secret] = true })
			search(t, os.DirFS(dir), func(name, secret string) { t.Errorf("the recording %s holds the secret %q", name, secret) })
		})
	}
	for _, secret := range planted {
		if !met[secret] {
			t.Errorf("no saved response holds %q, so that nothing was tested with it", secret)
		}
	}
}

// search tells which files of a folder hold which planted secrets, be they
// written in JSON or in JSON within JSON.
func search(t *testing.T, dir fs.FS, found func(name, secret string)) {
	t.Helper()
	err := fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, name)
		text := squeeze.Replace(string(b))
		for _, secret := range planted {
			if strings.Contains(text, secret) {
				found(name, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var squeeze = strings.NewReplacer(" ", "", "\\", "")
