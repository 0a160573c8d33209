package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	open map[string]finding.Finding
}

const maxBaseline = 1 << 30

// LoadBaseline reads a baseline: an earlier review by its run number, or a file
// that `findings export` wrote as JSON or JSON Lines.
func LoadBaseline(ctx context.Context, s *store.Store, name string) (*Baseline, error) {
	b := &Baseline{Name: name, open: map[string]finding.Finding{}}
	if run, err := strconv.ParseInt(name, 10, 64); err == nil && s != nil {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return b, b.fromRun(ctx, s, run)
		}
	}
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

func (b *Baseline) fromRun(ctx context.Context, s *store.Store, run int64) error {
	r, err := CheckRun(ctx, s, run)
	if err != nil {
		return err
	}
	b.Name = fmt.Sprintf("review %d of %s", run, r.Started.UTC().Format("2006-01-02 15:04"))
	for f, err := range s.Findings(ctx, store.FindingQuery{AsOfRun: run, Verdicts: []finding.Verdict{finding.Fail}}) {
		if err != nil {
			return err
		}
		if f.Live() {
			b.open[f.ID] = f
		}
	}
	return nil
}

// parse reads findings as JSON Lines or as one JSON document with a list of them.
func (b *Baseline) parse(name string, data []byte) error {
	var decoder evidence.Decoder
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) > 0 && (trimmed[0] == '[' || !bytes.Contains(trimmed, []byte("\n{"))) {
		v, err := decoder.Decode(trimmed)
		if err == nil {
			return b.document(name, v)
		}
	}
	for i, line := range bytes.Split(trimmed, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		object, err := decoder.DecodeObject(line)
		if err != nil {
			return fmt.Errorf("baseline %s:%d: %w; write one with `holdfast findings export --output jsonl`", name, i+1, err)
		}
		if err := b.add(name, object); err != nil {
			return err
		}
	}
	return nil
}

func (b *Baseline) document(name string, v any) error {
	if object, ok := v.(map[string]any); ok {
		if _, single := object["id"]; single {
			return b.add(name, object)
		}
		v = object["findings"]
	}
	list, ok := v.([]any)
	if !ok {
		return fmt.Errorf("baseline %s holds no list of findings; write one with `holdfast findings export --output jsonl`", name)
	}
	for _, e := range list {
		object, _ := e.(map[string]any)
		if err := b.add(name, object); err != nil {
			return err
		}
	}
	return nil
}

func (b *Baseline) add(name string, object map[string]any) error {
	text := func(key string) string { s, _ := object[key].(string); return s }
	f := finding.Finding{
		ID: text("id"), Verdict: finding.Verdict(text("verdict")), Rule: text("rule"), Title: text("title"), Severity: finding.Severity(text("severity")),
		Type: text("type"), Resource: text("resource"), ARN: text("arn"), Account: text("account"), Region: text("region"), File: text("file"), Message: text("message"),
	}
	if f.ID == "" || f.Rule == "" {
		return fmt.Errorf("baseline %s: a finding without id or rule; write one with `holdfast findings export --output jsonl`", name)
	}
	if f.Verdict == finding.Fail && text("status") != string(finding.Resolved) {
		b.open[f.ID] = f
	}
	return nil
}

// Has tells whether a finding was open in the baseline.
func (b *Baseline) Has(id string) bool { _, ok := b.open[id]; return ok }

// Compare says what changed since the baseline, given the failures of now.
func (b *Baseline) Compare(now []finding.Finding) *review.Changes {
	c := &review.Changes{Baseline: b.Name}
	still := map[string]bool{}
	for i := range now {
		if now[i].Verdict != finding.Fail {
			continue
		}
		still[now[i].ID] = true
		if b.Has(now[i].ID) {
			c.Unchanged++
			continue
		}
		c.New = append(c.New, now[i])
	}
	for id, f := range b.open {
		if !still[id] {
			c.Fixed = append(c.Fixed, f)
		}
	}
	sortFindings(c.New)
	sortFindings(c.Fixed)
	c.NewCount, c.FixedN = len(c.New), len(c.Fixed)
	return c
}
