package collect

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestRealResponses feeds collectors with what AWS really answered: thousands
// of recordings by a public project, in the format of its recorder. They lie
// outside the repository.
func TestRealResponses(t *testing.T) {
	root := "/tmp/api/tests/data/placebo"
	if dir := os.Getenv("HOLDFAST_RECORDED_RESPONSES"); dir != "" {
		root = dir
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no recorded responses: unpack data/api/recorded-responses.tar.xz and set HOLDFAST_RECORDED_RESPONSES to its tests/data/placebo (%v)", err)
	}
	readers := map[string][]aws.Collector{}
	for _, c := range All() {
		for _, op := range c.Operations {
			readers[op] = append(readers[op], c)
		}
	}
	read, emitted := 0, 0
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		service, operation, answer := recordedResponse(t, path)
		for _, c := range readers[service+"."+operation] {
			read++
			emitted += feed(t, c, path, service, operation, answer)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d responses led to %d resources", read, emitted)
	if read < 300 || emitted < 300 {
		t.Errorf("only %d responses were read, and led to %d resources", read, emitted)
	}
}

// sdkNames are services whose recordings are named as boto3 does.
var sdkNames = map[string]string{"config": "configservice", "logs": "cloudwatchlogs", "elbv2": "elasticloadbalancingv2", "es": "opensearch"}

func recordedResponse(t *testing.T, path string) (service, operation string, answer []byte) {
	t.Helper()
	name := filepath.Base(path)
	service, operation, _ = strings.Cut(name, ".")
	operation, _, _ = strings.Cut(operation, "_")
	if to, ok := sdkNames[service]; ok {
		service = to
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Status int            `json:"status_code"`
		Data   map[string]any `json:"data"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return service, "", nil // not every file beside them is a recording
	}
	if e, ok := file.Data["Error"].(map[string]any); ok {
		answer, err = json.Marshal(map[string]any{"error": map[string]any{"code": e["Code"], "message": e["Message"]}})
	} else {
		delete(file.Data, "ResponseMetadata")
		for _, token := range []string{"NextToken", "Marker", "nextToken", "IsTruncated"} {
			delete(file.Data, token) // a single page is served
		}
		answer, err = json.Marshal(plainTimes(file.Data))
	}
	if err != nil {
		t.Fatal(err)
	}
	return service, operation, answer
}

// plainTimes writes the recorder's datetime objects as RFC 3339.
func plainTimes(v any) any {
	switch v := v.(type) {
	case map[string]any:
		_, dated := v["year"] // some were edited by hand and lost their class
		if v["__class__"] == "datetime" || dated {
			n := func(k string) int { f, _ := v[k].(float64); return int(f) }
			return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", n("year"), n("month"), n("day"), n("hour"), n("minute"), n("second"))
		}
		for k, e := range v {
			if m, ok := e.(map[string]any); ok && len(m) == 0 && strings.HasSuffix(k, "Time") {
				delete(v, k) // or their content
				continue
			}
			v[k] = plainTimes(e)
		}
	case []any:
		for i, e := range v {
			v[i] = plainTimes(e)
		}
	}
	return v
}

func feed(t *testing.T, c aws.Collector, path, service, operation string, answer []byte) int {
	t.Helper()
	region := "us-east-1"
	if c.Scope != aws.Regional {
		region = "global"
	}
	world := fstest.MapFS{fmt.Sprintf("111122223333/%s/%s/%s.json", region, service, operation): {Data: answer}}
	if c.Scope == aws.OrgWide {
		return 0
	}
	out := awstest.Run(t.Context(), t, []aws.Collector{c}, world, nil)
	if out.Err != nil {
		t.Errorf("%s: %v", path, out.Err)
	}
	n := 0
	for _, b := range out.Batches {
		n += len(b.Resources)
		for _, g := range b.Gaps {
			if g.Reason == "corrupt" || strings.Contains(g.Detail, "cannot hold") || strings.Contains(g.Detail, "broke off") || strings.Contains(g.Detail, "lacks the columns") {
				t.Errorf("%s: %s %s: %s", strings.TrimPrefix(path, "/tmp/api/tests/data/placebo/"), c.Name, g.Operation, g.Detail)
			}
		}
	}
	return n
}
