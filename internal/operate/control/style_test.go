package control

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
)

var sentenceEnd = regexp.MustCompile(`[.!?](\s|$)`)

// TestCatalogueStyle keeps the catalogue's texts of one hand: a title states what
// is so where all is well, a message names the thing and what is wrong with it.
func TestCatalogueStyle(t *testing.T) {
	controls, err := Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	objectives, err := LoadObjectives(catalog.Files, "objectives")
	if err != nil {
		t.Fatal(err)
	}
	objective, prevents, titles, messages := map[string]bool{}, map[string]bool{}, map[string]string{}, map[string]string{}
	for _, o := range objectives {
		objective[o.ID] = true
	}
	guardrails, err := fs.Glob(catalog.Files, "guardrails/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range guardrails {
		prevents[strings.TrimSuffix(path.Base(name), ".yaml")] = true
	}
	for i := range controls {
		c := &controls[i]
		fault := func(format string, args ...any) { t.Errorf(c.File+": "+format, args...) }
		switch first := c.Title[0]; {
		case strings.HasSuffix(c.Title, "."):
			fault("the title ends with a full stop")
		case strings.Contains(c.Title, "should"):
			fault("the title asks (%q); let it state", c.Title)
		case first < 'A' || first > 'Z':
			fault("the title does not begin with a capital letter")
		}
		if other := titles[c.Title]; other != "" {
			fault("has the same title as %s", other)
		}
		titles[c.Title] = c.ID
		message := strings.TrimSpace(c.Message)
		if !strings.HasSuffix(message, ".") || !strings.Contains(message, "${") {
			fault("the message %q has to name the resource and end with a full stop", message)
		}
		if other := messages[message]; other != "" {
			fault("has the same message as %s", other)
		}
		messages[message] = c.ID
		if n := len(sentenceEnd.FindAllString(strings.TrimSpace(c.Why), -1)); n < 1 || n > 2 {
			fault("why has %d sentences; one or two say it", n)
		}
		if strings.TrimSpace(c.Fix.Text) == "" {
			fault("fix.text is missing")
		}
		if !objective[c.Objective] {
			fault("there is no objective %q", c.Objective)
		}
		if len(c.Practices()) == 0 {
			fault("maps.sec01 is missing: every control serves a practice")
		}
		for _, id := range c.PreventedBy {
			if !prevents[id] {
				fault("there is no guardrail %q", id)
			}
		}
	}
}
