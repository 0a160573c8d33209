package repo

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// TestDetections keeps what the files of the catalogue say about each other true. That
// each is whole and finds what its examples say, internal/operate/detect tests.
func TestDetections(t *testing.T) {
	all, err := detect.Load(catalog.Files, "detections")
	if err != nil {
		t.Fatal(err)
	}
	attack, err := detect.LoadAttack(catalog.Files)
	if err != nil {
		t.Fatal(err)
	}
	objectives, err := control.LoadObjectives(catalog.Files, "objectives")
	if err != nil {
		t.Fatal(err)
	}
	onTrail, titles := 0, map[string]string{}
	for i := range all {
		x := &all[i]
		if x.Log() == detect.Trail {
			onTrail++
		}
		if !slices.ContainsFunc(objectives, func(o control.Objective) bool { return o.ID == x.Objective }) {
			t.Errorf("%s: there is no objective %q in catalog/objectives", x.File, x.Objective)
		}
		if other, taken := titles[x.Rule.Title]; taken {
			t.Errorf("%s: %s has the same title", x.File, other)
		}
		titles[x.Rule.Title] = x.File
		if len(x.Rule.Title) > 80 || strings.HasSuffix(x.Rule.Title, ".") {
			t.Errorf("%s: the title %q is no short phrase", x.File, x.Rule.Title)
		}
		attackOf(t, attack, x)
	}
	if onTrail < 80 {
		t.Errorf("%d detections over CloudTrail; 80 are promised", onTrail)
	}
}

// attackOf asks for ids of today, and for tactics that the techniques belong to.
func attackOf(t *testing.T, a *detect.Attack, x *detect.Detection) {
	t.Helper()
	of := map[string]bool{}
	techniques := 0
	for _, tag := range x.Rule.Tags {
		id, ok := strings.CutPrefix(tag, "attack.t")
		if !ok || !strings.ContainsAny(id[:1], "0123456789") {
			continue
		}
		techniques++
		technique, known := a.Technique("T" + id)
		switch {
		case !known:
			t.Errorf("%s: ATT&CK %s has no technique T%s in the part that clouds are attacked by", x.File, a.Version, id)
		case technique.ID != "T"+id:
			t.Errorf("%s: T%s is %s today", x.File, id, technique.ID)
		}
		for _, tactic := range technique.Tactics {
			of[tactic] = true
		}
	}
	if techniques == 0 {
		t.Errorf("%s: names no technique of ATT&CK", x.File)
	}
	for _, tag := range x.Rule.Tags {
		name, ok := strings.CutPrefix(tag, "attack.")
		if _, known := a.Tactic(name); ok && known && !of[name] && x.Analytic == "" { // one about anything rare speaks of tactics alone
			t.Errorf("%s: none of its techniques belongs to the tactic %s", x.File, name)
		} else if ok && !known && !strings.HasPrefix(name, "t") {
			t.Errorf("%s: %q is neither a tactic nor a technique", x.File, tag)
		}
	}
}
