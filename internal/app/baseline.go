package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
)

// Baseline is an earlier state of the findings to compare with: the failures
// that were open then.
type Baseline struct {
	Name string
	open map[string]bool // by id

	// details yields those failures, in the order of finding.Before.
	details iter.Seq2[finding.Finding, error]
}

// listed is how many new and how many fixed findings a comparison names; the
// others are only counted, since an estate may have millions.
const listed = 1000

const maxBaseline = 1 << 30

// LoadBaseline reads a baseline: an earlier review by its run number, or a file
// that `findings export` wrote as JSON or JSON Lines.
func LoadBaseline(ctx context.Context, s *store.Store, name string) (*Baseline, error) {
	if run, err := strconv.ParseInt(name, 10, 64); err == nil && s != nil {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return RunBaseline(ctx, s, run)
		}
	}
	b := &Baseline{Name: name, open: map[string]bool{}}
	info, err := os.Stat(name)
	if err != nil {
		return nil, Usage(fmt.Errorf("baseline %q is neither a run of this store nor a file", name))
	}
	if info.Size() > maxBaseline {
		return nil, Usage(fmt.Errorf("baseline %s has %d bytes; %d is the most", name, info.Size(), maxBaseline))
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, Usage(err)
	}
	return b, Usage(b.parse(name, data))
}

// RunBaseline is what an earlier review left open.
func RunBaseline(ctx context.Context, s *store.Store, run int64) (*Baseline, error) {
	r, err := CheckRun(ctx, s, run)
	if err != nil {
		return nil, err
	}
	b := &Baseline{Name: fmt.Sprintf("review %d of %s", run, r.Started.UTC().Format("2006-01-02 15:04")), open: map[string]bool{}}
	b.details = s.Findings(ctx, store.FindingQuery{AsOfRun: run, Verdicts: []finding.Verdict{finding.Fail}, Statuses: live})
	for f, err := range b.details {
		if err != nil {
			return nil, err
		}
		b.open[f.ID] = true
	}
	return b, nil
}

var live = []finding.Status{finding.New, finding.Open, finding.Reopened}

// fromList takes the failures of a file.
func (b *Baseline) fromList(list []finding.Finding) {
	sortFindings(list)
	for _, f := range list {
		b.open[f.ID] = true
	}
	b.details = func(yield func(finding.Finding, error) bool) {
		for _, f := range list {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// parse reads findings as JSON Lines or as one JSON document with a list of them.
func (b *Baseline) parse(name string, data []byte) error {
	objects, err := baselineObjects(name, bytes.TrimSpace(data))
	if err != nil {
		return err
	}
	var list []finding.Finding
	for _, object := range objects {
		f, open, err := baselineFinding(object)
		if err != nil {
			return fmt.Errorf("baseline %s: %w; write one with `holdfast findings export --output jsonl`", name, err)
		}
		if open {
			list = append(list, f)
		}
	}
	b.fromList(list)
	return nil
}

func baselineObjects(name string, data []byte) ([]any, error) {
	var decoder evidence.Decoder
	if len(data) == 0 {
		return nil, nil
	}
	if v, err := decoder.Decode(data); err == nil {
		switch v := v.(type) {
		case []any:
			return v, nil
		case map[string]any:
			if list, ok := v["findings"].([]any); ok {
				return list, nil
			}
			return []any{v}, nil
		}
	}
	var out []any
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		object, err := decoder.DecodeObject(line)
		if err != nil {
			return nil, fmt.Errorf("baseline %s:%d: %w; write one with `holdfast findings export --output jsonl`", name, i+1, err)
		}
		out = append(out, object)
	}
	return out, nil
}

// baselineFinding is a finding as exported, and whether it was an open failure.
func baselineFinding(v any) (f finding.Finding, open bool, err error) {
	object, _ := v.(map[string]any)
	text := func(key string) string { s, _ := object[key].(string); return s }
	f = finding.Finding{
		ID: text("id"), Verdict: finding.Verdict(text("verdict")), Rule: text("rule"), Title: text("title"), Severity: finding.Severity(text("severity")),
		Type: text("type"), Resource: text("resource"), ARN: text("arn"), Account: text("account"), Region: text("region"), File: text("file"), Message: text("message"),
	}
	if f.ID == "" || f.Rule == "" {
		return f, false, errors.New("it holds something without id or rule, so it is no list of findings")
	}
	return f, f.Verdict == finding.Fail && text("status") != string(finding.Resolved), nil
}

// unfixed are the verdicts that leave an open failure where it was.
var unfixed = []finding.Verdict{finding.Fail, finding.Excepted, finding.Unknown, finding.Error}

// Has tells whether a finding was open in the baseline.
func (b *Baseline) Has(id string) bool { return b.open[id] }

// Compare says what changed since the baseline, given the findings of now in the
// order of finding.Before. Those that could not be judged any more, and those
// that somebody accepted, have to be among them: neither is fixed.
func (b *Baseline) Compare(now iter.Seq2[finding.Finding, error]) (*review.Changes, error) {
	c := &review.Changes{Baseline: b.Name}
	still := map[string]bool{}
	for f, err := range now {
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(unfixed, f.Verdict):
		case b.open[f.ID]:
			still[f.ID] = true
			c.Unchanged++
		case f.Verdict == finding.Fail:
			if c.NewCount++; len(c.New) < listed {
				c.New = append(c.New, f)
			}
			if f.Severity.Rank() > c.Worst.Rank() {
				c.Worst = f.Severity
			}
		}
	}
	c.FixedN = len(b.open) - len(still)
	if c.FixedN == 0 {
		return c, nil
	}
	for f, err := range b.details {
		if err != nil {
			return nil, err
		}
		if !still[f.ID] {
			c.Fixed = append(c.Fixed, f)
		}
		if len(c.Fixed) == min(listed, c.FixedN) {
			break
		}
	}
	return c, nil
}
