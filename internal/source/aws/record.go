package aws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/aws/smithy-go"

	"holdfast.dev/holdfast/internal/evidence"
)

// answerKey names the file of a recorded operation.
type answerKey struct{ account, region, collector, service, operation string }

func (k answerKey) file() string {
	return filepath.Join(k.account, k.region, k.service, k.operation+".json")
}

// savedCall is one call in a file of saved responses.
type savedCall struct {
	input  map[string]any
	output any
	err    error
}

// recorder gathers the answers of a unit and writes them as saved responses.
type recorder struct {
	dir string

	mu    sync.Mutex
	calls map[answerKey][]savedCall
}

func (r *recorder) add(key answerKey, in, out any, err error) {
	input, _ := Shape(in, nil).(map[string]any)
	if out != nil {
		out = redact(key.service, key.operation, out)
	}
	var call *CallError
	if errors.As(err, &call) {
		err = call.Err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[key] = append(r.calls[key], savedCall{reduce(input), out, err})
}

// flush writes the answers one unit got, and forgets them.
func (r *recorder) flush(u Unit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, calls := range r.calls {
		if key.account != u.Account || key.region != u.Region || key.collector != u.Collector {
			continue
		}
		delete(r.calls, key)
		if err := r.write(key, calls); err != nil {
			return fmt.Errorf("recording %s: %w", key.file(), err)
		}
	}
	return nil
}

var folderName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (r *recorder) write(key answerKey, calls []savedCall) error {
	// Accounts and Regions come out of answers, which must not choose a path.
	for _, name := range []string{key.account, key.region} {
		if !folderName.MatchString(name) {
			return fmt.Errorf("%q cannot name a folder; an account or a Region was expected", name)
		}
	}
	path := filepath.Join(r.dir, key.file())
	if before, err := readSaved(path); err == nil {
		// Another unit of the same account and Region asked the same operation.
		calls = append(before.calls, calls...)
	}
	b, err := marshalCalls(calls)
	if err != nil {
		return err
	}
	return writeAtomically(path, b)
}

// writeAtomically leaves either the old file or the whole new one. It does not
// wait for the disk: a recording can be made again, and has thousands of files.
func writeAtomically(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".saving-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// marshalCalls writes a single call without input as the AWS CLI would print
// it, and everything else as a list of calls sorted by input, the last answer
// to the same input winning.
func marshalCalls(calls []savedCall) ([]byte, error) {
	byInput := map[string]savedCall{}
	for _, c := range calls {
		byInput[canonical(c.input)] = c
	}
	list := make([]any, 0, len(byInput))
	for _, k := range sortedKeys(byInput) {
		list = append(list, byInput[k].document())
	}
	var doc any = map[string]any{"calls": list}
	if len(list) == 1 {
		if only := byInput[sortedKeys(byInput)[0]]; len(only.input) == 0 {
			if doc = only.output; only.err != nil {
				doc = map[string]any{"error": errorDocument(only.err)}
			}
		}
	}
	b, err := evidence.Append(nil, doc)
	if err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, b, "", "  "); err != nil {
		return nil, err
	}
	pretty.WriteByte('\n')
	return pretty.Bytes(), nil
}

func (c savedCall) document() map[string]any {
	doc := map[string]any{}
	if len(c.input) > 0 {
		doc["input"] = c.input
	}
	if c.err != nil {
		doc["error"] = errorDocument(c.err)
	} else {
		doc["output"] = c.output
	}
	return doc
}

func errorDocument(err error) map[string]any {
	var api smithy.APIError
	if errors.As(err, &api) {
		return map[string]any{"code": api.ErrorCode(), "message": tidy(api.ErrorMessage())}
	}
	_, detail := Classify(err)
	return map[string]any{"code": "", "message": detail}
}

func canonical(v map[string]any) string {
	b, err := evidence.Append(nil, v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// paging are input fields that say where a listing goes on, not what is asked.
var paging = []string{
	"NextToken", "Marker", "MaxResults", "MaxItems", "MaxRecords", "PageSize", "Limit", "ContinuationToken", "MaxBuckets",
	"ExclusiveStartTableName", "StartingToken", "MaxKeys",
}

// reduce takes paging out of an input.
func reduce(input map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range input {
		if !slices.Contains(paging, k) {
			out[k] = v
		}
	}
	return out
}

// mergePages appends the lists of a page to those before and keeps the rest of
// the last page without its tokens.
func mergePages(before, page any) any {
	last, ok := page.(map[string]any)
	if !ok {
		return page
	}
	out := map[string]any{}
	for k, v := range last {
		if !slices.Contains(pageMarks, k) {
			out[k] = v
		}
	}
	earlier, _ := before.(map[string]any)
	for k, v := range earlier {
		switch v := v.(type) {
		case []any:
			rest, _ := out[k].([]any)
			out[k] = append(slices.Clip(v), rest...)
		case map[string]any:
			if _, ok := out[k].(map[string]any); ok {
				out[k] = mergePages(v, out[k])
			} else {
				out[k] = v
			}
		}
	}
	return out
}

// pageMarks are output fields that say that there is more.
var pageMarks = []string{
	"NextToken", "Marker", "NextMarker", "IsTruncated", "Truncated", "ContinuationToken", "NextContinuationToken", "LastEvaluatedTableName",
}
