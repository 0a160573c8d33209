package detect_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.dev/holdfast/internal/operate/detect"
)

const table = `
id: attack
title: MITRE ATT&CK Enterprise
version: "19.2"
tactics:
  - {id: TA0003, tag: persistence, name: Persistence}
  - {id: TA0005, tag: stealth, name: Stealth, was: [defense-evasion]}
  - {id: TA0112, tag: defense-impairment, name: Defense Impairment, was: [defense-evasion]}
techniques:
  - {id: T1078, name: Valid Accounts, tactics: [persistence, stealth], platforms: [IaaS]}
  - {id: T1078.004, name: Cloud Accounts, tactics: [persistence, stealth], platforms: [Identity Provider]}
  - {id: T1098, name: Account Manipulation, tactics: [persistence], platforms: [IaaS]}
  - {id: T1136, name: Create Account, tactics: [persistence], platforms: [IaaS]}
  - {id: T1535, name: Unused Regions, tactics: [stealth], platforms: [IaaS]}
  - {id: T1071, name: Application Layer Protocol, tactics: [stealth], platforms: []}
  - {id: T1566, name: Phishing, tactics: [stealth], platforms: [Office Suite]}
  - {id: T1685.002, name: Disable or Modify Cloud Log, tactics: [defense-impairment], platforms: [IaaS], was: [T1562.008]}
`

func matrix(t *testing.T, text string) *detect.Attack {
	t.Helper()
	a, err := detect.LoadAttack(fstest.MapFS{"frameworks/attack.yaml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tagged is a detection with these tags; with a fault, one that fails its own test.
func tagged(t *testing.T, name, tags, fault string) detect.Detection {
	t.Helper()
	text := strings.NewReplacer("name: bucket-deleted", "name: "+name, "[attack.impact, attack.t1485]", "["+tags+"]", "eventName: DeleteBucket\n", "eventName: DeleteBucket"+fault+"\n").Replace(whole)
	return load(t, text)[0]
}

func TestCoverage(t *testing.T) {
	a := matrix(t, table)
	all := []detect.Detection{
		tagged(t, "sub", "attack.t1078.004", ""),
		tagged(t, "old", "attack.defense-evasion, attack.t1562.008", ""),
		tagged(t, "failing", "attack.t1098", "Typo"),
		tagged(t, "sleeping", "attack.t1136", ""),
		tagged(t, "foreign", "attack.t1071, attack.g0016", ""),
		tagged(t, "unknown", "attack.t1999", ""),
		load(t, "title: No tests\nname: untested\ntags: [attack.t1535]\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {a: b}, condition: s}\n")[0],
	}
	var trials []detect.Trial
	for i := range all {
		trials = append(trials, detect.Try(&all[i], detect.Options{})...)
	}
	c := detect.Cover(a, all, trials, []detect.Off{{Rule: "sleeping", Why: detect.Blind, Reason: "no logs"}, {Rule: "sub", Why: detect.Partly, Reason: "no geo"}})
	var got []string
	for _, x := range c.Techniques {
		names := []string{}
		for _, b := range x.By {
			names = append(names, b.Name)
		}
		got = append(got, fmt.Sprintf("%s %s%v%v", x.ID, x.State, names, x.Below))
	}
	want := []string{
		"T1071 detected[foreign][]", "T1078 partial[][T1078.004]", "T1078.004 detected[sub][]", "T1098 untested[failing][]",
		"T1136 off[sleeping][]", "T1535 untested[untested][]", "T1685.002 detected[old][]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if c.Detections != 7 || c.Tested != 5 || !slices.Equal(c.Unmapped, []string{"unknown"}) || !slices.Equal(c.Unknown, []string{"T1999"}) {
		t.Errorf("%d detections, %d tested, unmapped %v, unknown %v", c.Detections, c.Tested, c.Unmapped, c.Unknown)
	}
	var tactics []string
	for _, x := range c.Tactics {
		tactics = append(tactics, fmt.Sprint(x.Tag, x.Total, x.Counts[detect.Detected], x.Counts[detect.Open]))
	}
	if want := []string{"persistence4 1 0", "stealth4 2 0", "defense-impairment1 1 0"}; !slices.Equal(tactics, want) {
		t.Errorf("got %q, want %q", tactics, want)
	}
}

// The layer has what the Navigator's format 4.5 requires.
func TestLayer(t *testing.T) {
	a := matrix(t, table)
	all := []detect.Detection{tagged(t, "sub", "attack.t1078.004", "")}
	c := detect.Cover(a, all, detect.Try(&all[0], detect.Options{}), nil)
	data, err := json.Marshal(c.Layer())
	if err != nil {
		t.Fatal(err)
	}
	var layer struct {
		Name, Domain string
		Versions     struct{ Attack, Navigator, Layer string }
		Gradient     struct {
			Colors             []string
			MinValue, MaxValue int
		}
		Techniques []struct {
			TechniqueID, Color string
			Score              int
			Metadata           []struct{ Name, Value string }
		}
		LegendItems []struct{ Label, Color string }
	}
	if err := json.Unmarshal(data, &layer); err != nil {
		t.Fatal(err)
	}
	if layer.Name == "" || layer.Domain != "enterprise-attack" || layer.Versions.Attack != "19" || layer.Versions.Layer != "4.5" || layer.Gradient.MaxValue <= layer.Gradient.MinValue || len(layer.Gradient.Colors) < 2 || len(layer.LegendItems) != len(detect.States) {
		t.Errorf("%s", data)
	}
	found := false
	for _, x := range layer.Techniques {
		if x.TechniqueID == "T1078.004" {
			found = x.Score == 1 && x.Color == "#8ec843" && len(x.Metadata) == 1 && x.Metadata[0].Name == "sub" && x.Metadata[0].Value == "4 examples pass"
		}
	}
	if !found {
		t.Errorf("%s", data)
	}
}

func TestTacticsOf(t *testing.T) {
	a := matrix(t, table)
	for tags, want := range map[string][]string{
		"attack.defense_evasion, attack.t1562.008":           {"defense-impairment"},
		"attack.defense-evasion, attack.t1078":               {"stealth"},
		"attack.persistence, attack.t1078":                   {"persistence"},
		"attack.t1078":                                       {"persistence", "stealth"},
		"attack.defense-evasion":                             nil,
		"attack.T1078.004, attack.s0677, cve.2021-44228":     {"persistence", "stealth"},
		"detection.threat-hunting, attack.stealth, attack.t": {"stealth"},
	} {
		x := tagged(t, "x", tags, "")
		if got := a.TacticsOf(&x); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", tags, got, want)
		}
	}
	x := tagged(t, "x", "attack.t1562.008, attack.t1685.002, attack.t1999", "")
	if ids, unknown := a.Techniques(&x); !slices.Equal(ids, []string{"T1685.002", "T1999"}) || !slices.Equal(unknown, []string{"T1999"}) {
		t.Errorf("%q, unknown %q", ids, unknown)
	}
	var none *detect.Attack
	if ids, _ := none.Techniques(&x); !slices.Equal(ids, []string{"T1562.008", "T1685.002", "T1999"}) {
		t.Errorf("without a table: %q", ids)
	}
}

func TestFaultsOfTheTable(t *testing.T) {
	for name, text := range map[string]string{
		"tactic": strings.Replace(table, "[defense-impairment]", "[defence]", 1),
		"field":  strings.Replace(table, "platforms: [Office Suite]", "platform: [Office Suite]", 1),
		"yaml":   "id: [",
	} {
		if _, err := detect.LoadAttack(fstest.MapFS{"frameworks/attack.yaml": {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), "attack.yaml") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := detect.LoadAttack(fstest.MapFS{}); err == nil {
		t.Error("a table that is not there is read")
	}
}
