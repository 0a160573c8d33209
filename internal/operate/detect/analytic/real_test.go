package analytic

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded are the attacks: 2,900 records of an account that was attacked by Stratus
// Red Team, and the logs of its techniques one by one. They are not part of the
// repository.
const recorded = "/work/shared/data/cloudtrail"

// readRecords gives the records of those files in an archive whose names fit, in the
// order of the names.
func readRecords(t *testing.T, archive, pattern string) (all []*Activity) {
	t.Helper()
	f, err := os.Open(filepath.Join(recorded, archive))
	if err != nil {
		t.Skipf("the recorded attacks are not here: %v", err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for archived := tar.NewReader(unzipped); ; {
		h, err := archived.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ok, _ := path.Match(pattern, h.Name); !ok {
			continue
		}
		if files[h.Name], err = io.ReadAll(archived); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var list []jsonRecord
		if data := files[name]; data[0] == '{' {
			var file struct{ Records []jsonRecord }
			if err := json.Unmarshal(data, &file); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			list = file.Records
		} else if err := json.Unmarshal(data, &list); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range list {
			all = append(all, activityOf(r))
		}
	}
	return all
}

// TestRecordedAttack runs all engines over the attacked account, in the order of its
// files. What has to be found without any history is; what needs history stays quiet
// and says that it is cold.
func TestRecordedAttack(t *testing.T) {
	all := readRecords(t, "invictus-attack-logs.tar.gz", "CloudTrail/*.json")
	if len(all) != 2900 {
		t.Fatalf("%d records", len(all))
	}
	w := World{Services: func(ip netip.Addr) (string, bool) { return "AMAZON", netip.MustParsePrefix("3.0.0.0/8").Contains(ip) }}
	find := func(engine string, params map[string]any) []Signal {
		t.Helper()
		signals := see(made(t, engine, w, params), all...)
		for _, s := range signals {
			t.Logf("%s %v: %s (%d, %s)", engine, params["list"], s.Message, s.Count, s.First.Format("15:04:05"))
		}
		return signals
	}
	for _, x := range []struct {
		engine string
		params map[string]any
		who    []string // of whom something has to be signalled, and of nobody else
	}{
		{"recon-burst", nil, []string{"user/bert-jan"}},
		{"action-share", map[string]any{"list": "enumeration"}, []string{"user/bert-jan"}},
		{"action-share", map[string]any{"list": "privilege-escalation"}, []string{"user/bert-jan"}},
		{"action-share", map[string]any{"list": "llm-jacking"}, nil},
		{"mass-delete", nil, []string{"user/bert-jan"}},
		{"console-brute-force", nil, nil},
		{"rarity", nil, nil},
		{"first-seen", map[string]any{"of": "action"}, nil},
		{"unusual-compute", nil, nil},
	} {
		var who []string
		for _, s := range find(x.engine, x.params) {
			_, name, _ := strings.Cut(s.At.Principal, "123837392027:")
			who = append(who, name)
		}
		slices.Sort(who)
		if who = slices.Compact(who); !slices.Equal(who, x.who) {
			t.Errorf("%s %v: of %v, want %v", x.engine, x.params, who, x.who)
		}
	}
	for _, engine := range []string{"rarity", "unusual-compute"} {
		a := made(t, engine, w, nil)
		see(a, all...)
		if a.Cold() == "" {
			t.Errorf("%s has seen an hour, and is not cold", engine)
		}
	}
	if got := find("credential-exfiltration", map[string]any{"where": "outside"}); len(got) != 0 {
		for _, s := range got {
			if !strings.HasPrefix(s.At.Session, "i-") {
				t.Errorf("%s is no instance", s.At.Session)
			}
		}
	}
}

// TestStolenInstance runs the log of a technique that uses the credentials of an
// instance from elsewhere.
func TestStolenInstance(t *testing.T) {
	all := readRecords(t, "stratus-detonation-logs.tar.gz", "docs/detonation-logs/aws.credential-access.ec2-steal-instance-credentials.json")
	nobody := World{Services: func(netip.Addr) (string, bool) { return "", false }}
	if got := see(made(t, "credential-exfiltration", nobody, map[string]any{"where": "outside"}), all...); len(got) != 1 || got[0].Resource != "i-786a3A8B5C0d92eF4" {
		t.Errorf("%+v", got)
	}
	amazon := World{Services: func(netip.Addr) (string, bool) { return "EC2", true }, Own: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	if got := see(made(t, "credential-exfiltration", amazon, map[string]any{"where": "outside"}), all...); len(got) != 0 {
		t.Errorf("from AWS: %+v", got)
	}
	if got := see(made(t, "credential-exfiltration", amazon, map[string]any{"where": "inside"}), all...); len(got) != 1 {
		t.Errorf("from elsewhere in AWS: %+v", got)
	}
}
