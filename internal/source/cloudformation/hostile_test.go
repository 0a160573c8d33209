package cloudformation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// TestHostile feeds input that is made to exhaust; each must end soon and in
// one sentence.
func TestHostile(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 10; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	merges := "m0: &m0 {k: v}\n"
	for i := 1; i < 30; i++ {
		merges += fmt.Sprintf("m%d: &m%d {a: *m%d, b: *m%d}\n", i, i, i-1, i-1)
	}
	loops := "Resources:\n  "
	for i := range 8 {
		loops += fmt.Sprintf("{Fn::ForEach::L%d: [I%d, [a,b,c,d,e,f,g,h,i,j], ", i, i)
	}
	loops += `{"R${I0}${I1}${I2}${I3}${I4}${I5}${I6}${I7}": {Type: "Custom::X"}}` + strings.Repeat("]}", 8) + "\n"
	doublings := "Resources:\n  "
	for i := range 40 {
		doublings += fmt.Sprintf("{Fn::ForEach::L%d: [I%d, ['${I%d}${I%d}${I%d}xx'], ", i, i, i-1, i-1, i-1)
	}
	doublings += `{"R${I39}": {Type: "Custom::X"}}` + strings.Repeat("]}", 40) + "\n"
	chain := "Conditions:\n"
	for i := range 5000 {
		chain += fmt.Sprintf("  C%d: !Not [!Condition C%d]\n", i, i+1)
	}
	chain += "  C5000: !Equals [a, a]\nResources: {}\n"
	for name, c := range map[string]struct{ text, want string }{
		"alias bomb":           {bomb + "Resources: {A: {Type: Custom::X, Properties: {P: *a9}}}\n", "expands to more than 1000000 values"},
		"alias tower":          {merges + "Resources: {A: {Type: Custom::X, Properties: {P: *m29}}}\n", "expand the template to more than"},
		"deep json":            {strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000), "nested more than 100 levels deep"},
		"deep flow yaml":       {"Resources: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "nested more than 100 levels deep"},
		"very deep flow yaml":  {"Resources: " + strings.Repeat("[", 1_000_000), "not valid YAML"},
		"many yaml values":     {"Resources: [" + strings.Repeat("x,", 3_000_000) + "]", "more than a template of 1000000 values can have"},
		"many json values":     {`{"Resources": [` + strings.Repeat("1,", 1_500_000) + "1]}", "too many values to read"},
		"many dashes":          {"Resources:\n" + strings.Repeat("- ", 5_000_000), "more than a template of 1000000 values can have"},
		"loops":                {loops, "to more than 1000000 values"},
		"condition chain":      {chain, "conditions are nested too deeply"},
		"too large":            {"Resources: {}\n#" + strings.Repeat("x", 21<<20), "more than the 20971520 that are read"},
		"binary":               {"Resources:\x00", "byte 10 is zero"},
		"not UTF-8 json":       {"{\"Resources\": {\"\xff\": 1}}", "not UTF-8"},
		"not UTF-8 yaml":       {"Resources: \xff\xfe", "not valid YAML"},
		"empty":                {"", "no Resources section"},
		"split":                {"Resources: {A: {Type: Custom::X, Properties: {P: !Split [a, " + strings.Repeat("a", 2_000_000) + "]}}}", "makes more than 1000000 values"},
		"prose":                {"Dear reader,\nthis is prose.\n", "not a CloudFormation template"},
		"joined text":          {"Resources: {A: {Type: Custom::X, Properties: {L: &l " + strings.Repeat("x", 100_000) + ", P: !Join ['', [" + strings.Repeat("*l,", 1000) + "]]}}}", "bytes of text"},
		"substituted text":     {doublings, "bytes of text"},
		"scalars for sections": {"Resources: text\n", "section Resources must map names"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := cloudformation.Parse("t.yaml", []byte(c.text), cloudformation.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// TestMutualReferences: resources may name each other in a circle.
func TestMutualReferences(t *testing.T) {
	got := mustParse(t, "Resources:\n  A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B}}\n  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref A}}\n")
	for i, other := range []string{"B", "A"} {
		if s := canonical(got.Resources[i].Properties["BucketName"]); !strings.Contains(s, `"ref":"`) {
			t.Errorf("%s: %s, want a reference to %s", got.Resources[i].ID, s, other)
		}
	}
}

func mustParse(t *testing.T, text string) cloudformation.Template {
	t.Helper()
	got, err := cloudformation.Parse("t.yaml", []byte(text), cloudformation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestEncodings: a byte order mark, UTF-16 and carriage returns change nothing.
func TestEncodings(t *testing.T) {
	plain := "Resources:\n  A:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: n\n"
	utf16 := []byte{0xff, 0xfe}
	for _, c := range []byte(plain) {
		utf16 = append(utf16, c, 0)
	}
	want := render(mustParse(t, plain), nil)
	for name, data := range map[string][]byte{
		"bom": []byte("\xef\xbb\xbf" + plain), "crlf": []byte(strings.ReplaceAll(plain, "\n", "\r\n")), "utf-16": utf16,
		"json bom":        []byte("\xef\xbb\xbf{\"Resources\": {\r\n\t\"A\": {\"Type\": \"AWS::S3::Bucket\", \"Properties\": {\"BucketName\": \"\\u006e\"}}}}"),
		"flow":            []byte("{Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: n}}}}"),
		"second document": []byte("--- {not: this}\n---\n" + plain),
	} {
		got, err := cloudformation.Parse("t.yaml", data, cloudformation.Options{})
		if s := render(got, err); s != want {
			t.Errorf("%s: got %s", name, s)
		}
		if !cloudformation.IsTemplate(data) && name != "second document" {
			t.Errorf("%s is not seen to be a template", name)
		}
	}
}

func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range strings.Split(string(data), "\n-- ") {
			if _, body, ok := strings.Cut(part, " --\n"); ok {
				f.Add([]byte(body))
			}
		}
	}
}

// FuzzParse: whatever comes in, Parse answers with evidence or an error of one
// line, and what it answers can be written.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		cloudformation.IsTemplate(data)
		opt := cloudformation.Options{MaxNodes: 20_000, MaxBytes: 1 << 20}
		got, err := cloudformation.Parse("t.yaml", data, opt)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		if s := render(got, nil); strings.Contains(s, "NOT EVIDENCE") {
			t.Fatal(s)
		}
		for _, r := range got.Resources {
			for i, p := range r.Origin.Positions {
				if p.Line < 1 || p.Column < 1 || i > 0 && r.Origin.Positions[i-1].Path >= p.Path {
					t.Fatalf("position %d of %s: %+v", i, r.ID, p)
				}
			}
			for _, s := range r.Origin.Skips {
				if s.Reason == "" || s.Control == "" {
					t.Fatalf("skip %+v", s)
				}
			}
		}
	})
}

func FuzzParameters(f *testing.F) {
	f.Add([]byte(`[{"ParameterKey":"a","ParameterValue":"b"}]`))
	f.Add([]byte(`{"Parameters":{"a":["b","c"]}}`))
	f.Add([]byte("a: b\nc: 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := cloudformation.ParseParameters("p", data)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Fatalf("error of several lines: %q", err)
		}
	})
}
