package detect_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.dev/holdfast/internal/operate/detect"
)

// whole is a detection that lacks nothing; tests change it in one place.
const whole = `title: Bucket deleted
id: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a11
name: bucket-deleted
status: test
description: A bucket went away, and all that was in it with it; whoever did that wanted it gone.
references: [https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html]
author: Holdfast
date: 2026-11-22
tags: [attack.impact, attack.t1485]
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: s3.amazonaws.com
    eventName: DeleteBucket
    errorCode: null
  condition: selection
falsepositives: [Cleaning up]
level: medium
holdfast:
  objective: resilience
  playbook: data-destroyed
  needs: [management]
  resource: [requestParameters.bucketName]
  message: ${userIdentity.arn} deleted ${requestParameters.bucketName}.
  examples:
    positive:
      - why: a bucket goes
        event: {eventSource: s3.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}
    near_miss:
      - why: a bucket comes
        event: {eventSource: s3.amazonaws.com, eventName: CreateBucket, requestParameters: {bucketName: shop}}
      - why: another service
        event: {eventSource: glacier.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}
    edge:
      - why: refused
        expect: quiet
        event: {eventSource: s3.amazonaws.com, eventName: DeleteBucket, errorCode: AccessDenied, requestParameters: {bucketName: shop}}
`

func catalogue(text string) fstest.MapFS {
	return fstest.MapFS{"d/bucket-deleted.yaml": {Data: []byte(text)}}
}

func TestWholeFileLoads(t *testing.T) {
	all, err := detect.Load(catalogue(whole), "d")
	if err != nil || len(all) != 1 {
		t.Fatal(err, len(all))
	}
	x := &all[0]
	if x.Name != "bucket-deleted" || x.Severity() != "medium" || x.Kind() != "rule" || x.Log() != detect.Trail || x.Examples.Count() != 4 || !x.Catalogue {
		t.Errorf("%+v", x)
	}
	for _, trial := range detect.Try(x, detect.Options{}) {
		if !trial.Passed() {
			t.Error(trial.Fault())
		}
	}
}

// Each fault is told with its file and line, and with what to do.
func TestFaultsAreTold(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"no key":           {"holdfast:", "holdfst:", `d/bucket-deleted.yaml:19: the rule: "holdfst" is not known; did you mean "holdfast"?`},
		"mistyped key":     {"playbook:", "playbok:", `bucket-deleted.yaml:21: holdfast: "playbok" is not known; did you mean "playbook"?`},
		"mistyped sigma":   {"falsepositives:", "falsepositive:", `:17: the rule: "falsepositive" is not known; did you mean "falsepositives"?`},
		"twice":            {"status: test", "status: test\nstatus: stable", `:5: the rule: "status" is given twice`},
		"name":             {"name: bucket-deleted", "name: Bucket_Deleted", `:3: name "Bucket_Deleted" is not in kebab-case`},
		"other name":       {"name: bucket-deleted", "name: bucket-gone", "the file has to be called as the detection is: bucket-gone.yaml"},
		"uuid":             {"3f0c7a52-", "3F0C7A52-", "is not a UUID in lower case"},
		"level":            {"level: medium", "level: grave", `"grave" is none of informational, low`},
		"no level":         {"level: medium\n", "", "level is missing"},
		"need":             {"[management]", "[managment]", `:22: needs: "managment" is not known; did you mean "management"?`},
		"data need":        {"[management]", "['data:S3']", "data events are named by their type"},
		"no needs":         {"  needs: [management]\n", "", "needs is missing"},
		"playbook":         {"data-destroyed", "Data Destroyed", `playbook "Data Destroyed" is not in kebab-case`},
		"path":             {"[requestParameters.bucketName]", "['a b']", `resource: "a b" is no path`},
		"message":          {"${userIdentity.arn}", "${userIdentity arn}", "message: ${userIdentity arn} is no path"},
		"merge":            {"{eventSource: glacier.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}", "{<<: {a: b}}", "merge keys"},
		"unclosed":         {"${userIdentity.arn} deleted", "${userIdentity.arn deleted", "message: ${"},
		"condition":        {"condition: selection", "condition: selectoin", "selectoin"},
		"modifier":         {"eventName:", "eventName|beginswith:", "beginswith"},
		"few near misses":  {"      - why: another service\n        event: {eventSource: glacier.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}\n", "", "1 near_miss; every detection of the catalogue has at least 2"},
		"no why":           {"why: a bucket goes", "why: ''", "an example says under why what it shows"},
		"no event":         {"event: {eventSource: glacier.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}", "events: []", "an example has an event"},
		"event is no map":  {"event: {eventSource: glacier.amazonaws.com, eventName: DeleteBucket, requestParameters: {bucketName: shop}}", "event: text", "an event has to be a mapping"},
		"expect":           {"expect: quiet", "expect: silence", `expect "silence" is neither alert nor quiet`},
		"no expect":        {"        expect: quiet\n", "", "an edge says under expect"},
		"expect elsewhere": {"      - why: a bucket comes", "      - why: a bucket comes\n        expect: quiet", `"expect" is not known`},
		"helper":           {"{eventSource: glacier.amazonaws.com,", "{_repeats: 3, eventSource: glacier.amazonaws.com,", `"_repeats" is not known; did you mean "_repeat"?`},
		"repeat":           {"{eventSource: glacier.amazonaws.com,", "{_repeat: 0, eventSource: glacier.amazonaws.com,", "_repeat has to be a number from 1"},
		"after":            {"{eventSource: glacier.amazonaws.com,", "{_after: soon, eventSource: glacier.amazonaws.com,", `_after: "soon" is no duration`},
		"short":            {"description: A bucket went away, and all that was in it with it; whoever did that wanted it gone.", "description: Gone.", "description is missing or too short"},
		"date":             {"date: 2026-11-22", "date: today", "date is missing"},
		"no objective":     {"  objective: resilience\n", "", "objective is missing"},
		"broken":           {"detection:", "detection: [", "bucket-deleted.yaml"},
		"empty":            {whole, "", "there is no detection in the file"},
		"a list":           {whole, "- a\n", "a detection is a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(whole, test.from, test.to, 1)
			if text == whole {
				t.Fatal("the test changes nothing")
			}
			_, err := detect.Load(catalogue(text), "d")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestNamesAndIDsAreUnique(t *testing.T) {
	files := catalogue(whole)
	files["e/bucket-deleted.yaml"] = &fstest.MapFile{Data: []byte(whole)}
	_, err := detect.Load(files, ".")
	for _, want := range []string{`the name "bucket-deleted" is taken by d/bucket-deleted.yaml`, `the id "3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a11" is taken by d/bucket-deleted.yaml`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestPartsAndAnalytics(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"the key in a part": {"title: P\nname: a.part\nlogsource: {product: aws}\ndetection: {s: {a: b}, condition: s}\nholdfast: {}\n---\n" + whole, `:5: the key "holdfast" belongs into the last document`},
		"a part's name":     {"title: P\nname: other\nid: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a12\nlogsource: {product: aws}\ndetection: {s: {a: b}, condition: s}\n---\n" + whole, `a part is called by the name of the whole, a dot and a word: "bucket-deleted.part"`},
		"two documents":     {"analytic: rarity\n---\n" + whole, "a file with an analytic has one document"},
		"no logsource":      {"title: A\nname: a\nlevel: low\nanalytic: rarity\nholdfast: {needs: [management]}\n", "logsource is missing"},
		"an analytic's key": {"title: A\nname: a\nlevel: low\nanalytik: rarity\nlogsource: {product: aws, service: cloudtrail}\nholdfast: {needs: [management]}\n", `"analytik" is not known`},
		"params":            {"title: A\nname: a\nlevel: low\nanalytic: rarity\nparams: [1]\nlogsource: {product: aws, service: cloudtrail}\nholdfast: {needs: [management]}\n", "params has to be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := detect.Load(catalogue(test.text), "d")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

// A folder of the user's has rules of all kinds; what cannot be honoured is refused one
// by one.
func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yml":        "title: Plain\nid: 3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a99\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: A}, condition: s}\n---\ntitle: Without id\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: B}, condition: s}\n",
		"deep/b.yaml":  "title: Bad\nlogsource: {product: aws}\ndetection: {s: {eventName: A}, condition: nothing}\n",
		"deep/c.yaml":  strings.Replace(whole, "name: bucket-deleted", "name: mine", 1),
		"README.md":    "title: no rule",
		"deep/d.yaml":  "not: a rule\n",
		"deep/e.yaml":  "[unclosed\n",
		"deep/f/g.yml": "title: Filter\nlogsource: {product: aws, service: cloudtrail}\nfilter: {rules: [3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a99], s: {eventName: A}, condition: not s}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, refusals, err := detect.LoadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range all {
		names = append(names, all[i].Name+" "+all[i].Kind())
	}
	if want := []string{"3f0c7a52-6f5d-4c0e-9a57-0f6d3b1f7a99 rule", "Filter filter", "Without id rule", "mine rule"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if len(refusals) != 3 {
		t.Errorf("refused: %v", refusals)
	}
	for _, r := range refusals {
		if !strings.HasPrefix(r.File, filepath.ToSlash(dir)+"/deep/") {
			t.Errorf("refused: %v", r)
		}
	}
	if one, _, err := detect.LoadFolder(filepath.Join(dir, "a.yml")); err != nil || len(one) != 2 {
		t.Errorf("a single file: %d, %v", len(one), err)
	}
	if _, _, err := detect.LoadFolder(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there loads")
	}
	// Of our own format a fault is an error: its author means it to be whole.
	if err := os.WriteFile(filepath.Join(dir, "deep", "c.yaml"), []byte(strings.Replace(whole, "needs:", "need:", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := detect.LoadFolder(dir); err == nil || !strings.Contains(err.Error(), `"need" is not known; did you mean "needs"?`) {
		t.Errorf("got %v", err)
	}
}

// FuzzParse asks that no file makes the reader panic, and that what it takes can be put
// to work and tried.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("title: A\nname: a\nlevel: low\nanalytic: rarity\nlogsource: {product: aws, service: cloudtrail}\nholdfast: {needs: [management], examples: {edge: [{why: x, expect: quiet, events: [{_repeat: 3, _every: 1d, a: '%n'}]}]}}\n"))
	f.Add([]byte("title: P\nlogsource: {product: aws}\ndetection: {s: {a: b}, condition: s}\n---\ntitle: C\nname: c\ncorrelation: {type: event_count, rules: [p], timespan: 1m, condition: {gte: 2}}\nholdfast: {}\n"))
	f.Add([]byte("a: &a [1, 2]\nb: &b [*a, *a]\nholdfast: {examples: {positive: [{event: {x: *b}}]}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, _ := detect.Parse("fuzz.yaml", data)
		for i := range all {
			events := 0
			for _, example := range all[i].Examples.All {
				for range example.Sequence(all[i].Log()) {
					if events++; events > 200 {
						return
					}
				}
			}
			detect.Try(&all[i], detect.Options{})
		}
	})
}

func TestFoldersAreReadWithSense(t *testing.T) {
	dir := t.TempDir()
	rule := "title: Plain\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: A}, condition: s}\n"
	for name, text := range map[string]string{".git/a.yml": "on: push", "a.sigma": rule, "b.yml": strings.Repeat("# long\n", 1<<20)} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, refusals, err := detect.LoadFolder(dir)
	if err != nil || len(all) != 0 || len(refusals) != 1 || !strings.Contains(refusals[0].Reason, "is the most. Split it") {
		t.Errorf("%d, %v, %v", len(all), refusals, err)
	}
	// A file that is named is read whatever its name.
	if all, _, err := detect.LoadFolder(filepath.Join(dir, "a.sigma")); err != nil || len(all) != 1 {
		t.Errorf("%d, %v", len(all), err)
	}
}
