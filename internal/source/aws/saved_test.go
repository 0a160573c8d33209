package aws

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	Name     *string
	Kind     kind
	When     *time.Time
	Blob     []byte
	Count    *int32
	On       *bool
	Ratio    *float64
	Labels   map[string]string
	Children []thing
	hidden   string
}

type kind string

func TestDecode(t *testing.T) {
	file, err := parseSaved([]byte(`{"name":"a","Kind":"BIG","When":1756728000.5,"Blob":"aGk=","Count":3,"On":"true","Ratio":2,"Labels":{"k":"v"},
		"Children":[{"Name":{"Version":"1"},"When":"2026-09-01T12:00:00+02:00","Blob":"not, base64"},{"When":1756728000000}]}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := decode[thing](file.calls[0].output)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"Name": "a", "Kind": "BIG", "When": "2025-09-01T12:00:00Z", "Blob": "aGk=", "Count": int64(3), "On": true, "Ratio": int64(2), "Labels": map[string]any{"k": "v"},
		"Children": []any{
			map[string]any{"Name": `{"Version":"1"}`, "When": "2026-09-01T10:00:00Z", "Blob": "bm90LCBiYXNlNjQ="},
			map[string]any{"When": "2025-09-01T12:00:00Z"},
		},
	}
	if diff := cmp.Diff(any(want), Shape(out, nil)); diff != "" {
		t.Error(diff)
	}
	for in, says := range map[string]string{
		`{"Count":"three"}`:           "Count: a int32 cannot hold",
		`{"Count":3000000000}`:        "Count",
		`{"Children":{}}`:             "Children",
		`{"Children":[{"When":"x"}]}`: "Children[0].When",
		`{"Labels":[]}`:               "Labels",
	} {
		file, err := parseSaved([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decode[thing](file.calls[0].output); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s gave %v, want an error that names %q", in, err, says)
		}
	}
}

func TestShapeRenamesAndDrops(t *testing.T) {
	name, on := "n", false
	v := thing{Name: &name, On: &on, Children: []thing{{Name: &name}, {}}, Labels: map[string]string{}, hidden: "x"}
	want := map[string]any{"Title": "n", "On": false, "Children": []any{map[string]any{"Label": "n"}, map[string]any{}}}
	if diff := cmp.Diff(any(want), Shape(v, map[string]string{"Name": "Title", "Children.Name": "Label", "Count": ""})); diff != "" {
		t.Error(diff)
	}
	if Shape((*thing)(nil), nil) != nil || Shape(nil, nil) != nil {
		t.Error("nil has to stay nil")
	}
}

func TestSavedAnswers(t *testing.T) {
	dir := fstest.MapFS{
		"111122223333/global/iam/GetUser.json": {Data: []byte(`{"calls":[
			{"input":{"UserName":"a"},"output":{"n":1}},
			{"input":{"UserName":"b","MaxItems":5},"error":{"code":"NoSuchEntity","message":"gone"}},
			{"output":{"n":9}}]}`)},
		"111122223333/eu-west-1/logs/DescribeLogGroups.json":  {Data: []byte(`{"n":2}`)},
		"111122223333/eu-west-1/ec2/DescribeVpcs.json":        {Data: []byte(`{"calls":[{"input":[]}]}`)},
		"111122223333/eu-west-1/s3/GetPublicAccessBlock.json": {Data: []byte(`{}`)},
	}
	answer := FromFS(dir)
	type input struct{ UserName, Marker *string }
	ask := func(region, service, operation, user string) (any, error) {
		return answer(t.Context(), &Request{Account: "111122223333", Region: region, Service: service, Operation: operation, Input: &input{UserName: &user, Marker: &user}})
	}
	if v, err := ask("global", "iam", "GetUser", "a"); err != nil || !cmp.Equal(v, any(map[string]any{"n": int64(1)})) {
		t.Errorf("exact input: %v, %v", v, err)
	}
	if _, err := ask("global", "iam", "GetUser", "b"); !Is(err, "NoSuchEntity") {
		t.Errorf("saved error: %v", err)
	}
	if v, err := ask("global", "iam", "GetUser", "c"); err != nil || !cmp.Equal(v, any(map[string]any{"n": int64(9)})) {
		t.Errorf("an entry without input answers any: %v, %v", v, err)
	}
	if v, err := ask("eu-west-1", "cloudwatchlogs", "DescribeLogGroups", ""); err != nil || v == nil {
		t.Errorf("the CLI's name of a service: %v, %v", v, err)
	}
	var missing *NotSavedError
	if _, err := ask("eu-west-1", "s3control", "GetPublicAccessBlock", ""); !errors.As(err, &missing) {
		t.Errorf("S3 Control was answered with S3's answer: %v", err)
	}
	var broken *SavedError
	if _, err := ask("eu-west-1", "ec2", "DescribeVpcs", ""); !errors.As(err, &broken) || !strings.Contains(err.Error(), "calls[0]: input has to be an object") {
		t.Errorf("a broken file: %v", err)
	}
}

func TestSavedWorld(t *testing.T) {
	dir := fstest.MapFS{
		"111122223333/global/organizations/DescribeOrganization.json": {Data: []byte(`{"Organization":{"Id":"o-1","MasterAccountId":"111122223333"}}`)},
		"111122223333/us-gov-west-1/ec2/DescribeVpcs.json":            {Data: []byte(`{}`)},
		"222233334444/global/iam/GetUser.json":                        {Data: []byte(`{"User":{"Arn":"arn:aws-cn:iam::222233334444:user/x"}}`)},
		"222233334444/cn-north-1/ec2/DescribeVpcs.json":               {Data: []byte(`{}`)},
		"notes/readme.json": {Data: []byte(`{}`)},
	}
	w, err := SavedFS(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.Targets) != 2 || w.Org.Management != "111122223333" || !w.Targets[0].OrgAccess || w.Targets[1].OrgAccess {
		t.Errorf("%+v", w.Targets)
	}
	if w.Targets[0].Partition != "aws-us-gov" || w.Targets[1].Partition != "aws-cn" || w.Targets[0].Regions[0] != "us-gov-west-1" {
		t.Errorf("partitions %q, %q", w.Targets[0].Partition, w.Targets[1].Partition)
	}
	if _, err := SavedFS(fstest.MapFS{"x/y.json": {}}, Options{}); err == nil || !strings.Contains(err.Error(), "account id") {
		t.Errorf("a directory without accounts: %v", err)
	}
	if _, err := Saved(t.TempDir()+"/missing", Options{}); err == nil || !strings.Contains(err.Error(), "--record") {
		t.Errorf("a missing directory: %v", err)
	}
}

func FuzzParseSaved(f *testing.F) {
	f.Add([]byte(`{"calls":[{"input":{"a":1},"output":{}}]}`))
	f.Add([]byte(`{"error":{"code":"AccessDenied","message":"m"}}`))
	f.Add([]byte(`{"Name":"x","When":1e300,"Children":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := parseSaved(b)
		if err != nil {
			return
		}
		for _, c := range file.calls {
			if c.err == nil && c.output == nil {
				t.Fatal("a call without an answer was accepted")
			}
			if out, err := decode[thing](c.output); err == nil {
				Shape(out, nil)
			}
		}
		file.answer(map[string]any{"a": int64(1)})
	})
}
