package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"

	"holdfast.dev/holdfast/internal/operate/review"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate -f review.templ

//go:embed review.css
var reviewCSS string

// reviewHTML writes one page that needs nothing else: no script, no font, no
// image from anywhere. Its content policy lets the browser apply the one style
// sheet, known by its hash, and nothing more, so that even text that got past
// the escaping could neither run nor call home.
func reviewHTML(w *errWriter, m Meta, r *review.Review) error {
	var b bytes.Buffer
	if err := page(newPage(m, r)).Render(context.Background(), &b); err != nil {
		return err
	}
	// Escaping is the template engine's work; characters that reorder or hide
	// text are not its concern.
	w.str(cleanLines(b.String()) + "\n")
	return w.err
}

// style is the style sheet as it stands in the page; the policy hashes exactly
// this.
func style() string { return "<style>\n" + reviewCSS + "</style>" }

func policy() string {
	sum := sha256.Sum256([]byte("\n" + reviewCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// How many rows a reader sees before the rest folds away.
const (
	htmlAccounts = 15
	htmlControls = 12
	htmlTop      = 5
	htmlRisks    = 6
	htmlChart    = 12
)

// pageData is a review with what the page computes from it once.
type pageData struct {
	*review.Review
	meta     Meta
	overall  review.Score
	percent  *int
	coverage coverageSum
}

func newPage(m Meta, r *review.Review) pageData {
	d := pageData{Review: r, meta: m, overall: overall(r), coverage: sumCoverage(r.Coverage)}
	if p, ok := d.overall.Percent(); ok {
		d.percent = &p
	}
	return d
}
