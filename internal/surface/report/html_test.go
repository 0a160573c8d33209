package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// elements walks the page; every element has to be closed, as in XML.
func elements(t *testing.T, page []byte, visit func(xml.StartElement)) {
	t.Helper()
	text := regexp.MustCompile(`(?s)<style>.*</style>`).ReplaceAll(page, nil)
	text = regexp.MustCompile(`(?i)<!doctype html>`).ReplaceAll(text, nil)
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("the page does not parse: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			visit(e)
		}
	}
}

func TestHTMLIsInert(t *testing.T) {
	for name, page := range map[string][]byte{
		"some":    reviewBytes(t, HTML, someMeta(), someReview()),
		"hostile": reviewBytes(t, HTML, someMeta(), hostileReview()),
	} {
		known := map[string]bool{}
		for _, e := range strings.Fields("html head meta title body a header div p span h1 h2 h3 ul ol li svg desc circle text nav main section article dl dt dd code small b table caption thead tbody tr th td details summary g rect footer") {
			known[e] = true
		}
		elements(t, page, func(e xml.StartElement) {
			if !known[e.Name.Local] {
				t.Errorf("%s: element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				switch {
				case strings.HasPrefix(strings.ToLower(a.Name.Local), "on"), a.Name.Local == "style", a.Name.Local == "src":
					t.Errorf("%s: attribute %s of %s", name, a.Name.Local, e.Name.Local)
				case a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#"):
					t.Errorf("%s: link to %q", name, a.Value)
				}
			}
		})
		if bytes.Contains(page, []byte("url(")) || bytes.Contains(page, []byte("@import")) {
			t.Errorf("%s: the style sheet loads something", name)
		}
	}
}

// The policy has to name the style sheet that is in the page, or the browser
// shows the page bare.
func TestHTMLPolicyMatchesStyle(t *testing.T) {
	page := string(reviewBytes(t, HTML, someMeta(), someReview()))
	if !strings.Contains(page, "<style>\n"+reviewCSS+"</style>") {
		t.Error("the style sheet in the page is not the one that was hashed")
	}
	if !strings.Contains(page, strings.ReplaceAll(policy(), "'", "&#39;")) {
		t.Error("the page has no content policy")
	}
	if strings.Contains(policy(), "unsafe") {
		t.Errorf("policy is %s", policy())
	}
}

// What people with a keyboard or a screen reader need.
func TestHTMLIsAccessible(t *testing.T) {
	page := reviewBytes(t, HTML, someMeta(), someReview())
	ids, refs := map[string]int{}, []string{}
	headings := map[string]int{}
	last := 0
	elements(t, page, func(e xml.StartElement) {
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		if id := attr["id"]; id != "" {
			ids[id]++
		}
		refs = append(refs, strings.Fields(attr["aria-labelledby"])...)
		if strings.HasPrefix(attr["href"], "#") {
			refs = append(refs, attr["href"][1:])
		}
		switch e.Name.Local {
		case "h1", "h2", "h3":
			headings[e.Name.Local]++
			level := int(e.Name.Local[1] - '0')
			if level > last+1 {
				t.Errorf("heading %s after level %d", e.Name.Local, last)
			}
			last = level
		case "th":
			if attr["scope"] == "" {
				t.Error("a th without scope")
			}
		case "svg":
			if attr["role"] != "img" || attr["aria-label"] == "" && attr["aria-labelledby"] == "" {
				t.Errorf("an svg without a name: %v", attr)
			}
		case "html":
			if attr["lang"] != "en" {
				t.Error("no language")
			}
		}
	})
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q is there %d times", id, n)
		}
	}
	for _, ref := range refs {
		if ids[ref] == 0 {
			t.Errorf("nothing has id %q", ref)
		}
	}
	if headings["h1"] != 1 || headings["h2"] < 8 {
		t.Errorf("headings: %v", headings)
	}
	for _, element := range []string{"<table", "<svg"} {
		inner := map[string]string{"<table": "<caption", "<svg": "<title"}[element]
		if a, b := bytes.Count(page, []byte(element)), bytes.Count(page, []byte(inner))-map[string]int{"<svg": 1}[element]; a != b || a == 0 {
			t.Errorf("%d %s> but %d %s>", a, element, b, inner)
		}
	}
}

// WCAG 2.2 AA wants a contrast of 4.5 for text, in light and dark.
func TestHTMLContrast(t *testing.T) {
	light, dark, _ := strings.Cut(reviewCSS, "@media (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, "* { box-sizing")
	pairs := [][2]string{{"ink", "bg"}, {"ink", "surface"}, {"ink", "sunk"}, {"muted", "bg"}, {"muted", "surface"}, {"muted", "sunk"}, {"accent", "surface"}, {"accent", "bg"}, {"accent", "accent-soft"}, {"pass-ink", "pass-soft"}}
	for _, s := range []string{"critical", "high", "medium", "low", "info"} {
		pairs = append(pairs, [2]string{s + "-ink", s + "-soft"})
	}
	for _, h := range []string{"heat1", "heat2", "heat3", "heat4"} {
		pairs = append(pairs, [2]string{"ink", h})
	}
	variable := regexp.MustCompile(`--([a-z0-9-]+): #([0-9a-f]{6})`)
	for name, css := range map[string]string{"light": light, "dark": dark} {
		colours := map[string]float64{}
		for _, m := range variable.FindAllStringSubmatch(css, -1) {
			if _, seen := colours[m[1]]; !seen {
				colours[m[1]] = luminance(t, m[2])
			}
		}
		for _, p := range pairs {
			a, b := colours[p[0]], colours[p[1]]
			if a < b {
				a, b = b, a
			}
			if ratio := (a + 0.05) / (b + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, p[0], p[1], ratio)
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(v) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
