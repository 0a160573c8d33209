package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/evidence"
)

// activityLog is a small account's day: a user takes on a role, which takes on another.
var activityLog = []map[string]any{
	{"eventID": "e1", "eventTime": "2026-03-02T10:00:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "sourceIPAddress": "198.51.100.7",
		"userIdentity":      map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice", "accessKeyId": "AKIAALICE00000000001"},
		"requestParameters": map[string]any{"roleArn": "arn:aws:iam::111122223333:role/deploy"},
		"responseElements":  map[string]any{"credentials": map[string]any{"accessKeyId": "ASIADEPLOY0000000001"}}},
	{"eventID": "e2", "eventTime": "2026-03-02T10:01:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "sourceIPAddress": "198.51.100.7",
		"userIdentity":     session("deploy", "alice", "ASIADEPLOY0000000001"),
		"responseElements": map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAADMIN00000000001"}}},
	{"eventID": "e3", "eventTime": "2026-03-02T10:02:00Z", "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket", "sourceIPAddress": "203.0.113.9", "readOnly": false,
		"userIdentity":      session("admin", "x", "ASIAADMIN00000000001"),
		"requestParameters": map[string]any{"bucketName": "customer-exports"}},
	{"eventID": "e4", "eventTime": "2026-03-02T10:03:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "sourceIPAddress": "2001:db8::5", "errorCode": "AccessDenied", "readOnly": true,
		"userIdentity": session("deploy", "someone-else", "ASIAOTHER00000000001"),
		"resources":    []any{map[string]any{"ARN": "arn:aws:s3:::customer-exports/a.csv"}, map[string]any{"ARN": "arn:aws:s3:::customer-exports", "type": "AWS::S3::Bucket"}}},
	{"eventID": "e5", "eventTime": "2026-03-02T10:04:00Z", "eventSource": "lambda.amazonaws.com", "eventName": "ListFunctions20150331", "sourceIPAddress": "config.amazonaws.com", "readOnly": true,
		"userIdentity": map[string]any{"type": "AWSService", "invokedBy": "config.amazonaws.com"}},
	{"eventID": "e6", "eventTime": "2026-03-03T10:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "UpdateAssumeRolePolicy", "sourceIPAddress": "198.51.100.8",
		"userIdentity":      map[string]any{"type": "Root", "arn": "arn:aws:iam::111122223333:root"},
		"requestParameters": map[string]any{"roleName": "deploy"}, "additionalEventData": map[string]any{"MFAUsed": "No", "n": 7}},
}

func session(role, name, key string) map[string]any {
	return map[string]any{
		"type": "AssumedRole", "principalId": "AROA" + strings.ToUpper(role) + ":" + name, "arn": "arn:aws:sts::111122223333:assumed-role/" + role + "/" + name, "accessKeyId": key,
		"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::111122223333:role/team/" + role, "userName": role}},
	}
}

// lakeOf imports records and gives the lake's folder.
func lakeOf(t *testing.T, records []map[string]any) string {
	t.Helper()
	for _, r := range records {
		r["eventVersion"], r["awsRegion"], r["recipientAccountId"] = "1.11", "eu-west-1", "111122223333"
	}
	text, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(t.TempDir(), "AWSLogs", "o-exampleorg", "111122223333", "CloudTrail", "eu-west-1", "2026", "03", "02")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(logs, "111122223333_CloudTrail_eu-west-1_20260302T1010Z_abcdefghijklmnop.json.gz"), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := &app.App{Now: time.Now}
	done, err := a.TrailImport(t.Context(), app.TrailImportOptions{Source: app.TrailSource{Paths: []string{logs}}, Dir: dir})
	if err != nil || done.Written.Events != len(records) || done.Unseen() != nil {
		t.Fatalf("imported %+v: %v", done, err)
	}
	again, err := a.TrailImport(t.Context(), app.TrailImportOptions{Source: app.TrailSource{Paths: []string{logs}}, Dir: dir})
	if err != nil || again.Known != 1 || again.Stats.Files != 0 {
		t.Fatalf("importing again read %+v: %v", again, err)
	}
	return dir
}

func TestSearchFindsWhatItIsAskedFor(t *testing.T) {
	dir := lakeOf(t, activityLog)
	for _, c := range []struct {
		o    app.TrailSearchOptions
		want string
	}{
		{app.TrailSearchOptions{}, "e1 e2 e3 e4 e5 e6"},
		{app.TrailSearchOptions{Principals: []string{"arn:aws:iam::111122223333:user/alice"}}, "e1"},
		{app.TrailSearchOptions{Principals: []string{"alice"}}, "e1 e2"}, // the user, and the session of that name
		{app.TrailSearchOptions{Principals: []string{"arn:aws:iam::111122223333:role/team/deploy"}}, "e2 e4"},
		{app.TrailSearchOptions{Principals: []string{"arn:aws:sts::111122223333:assumed-role/deploy"}}, "e2 e4"},
		{app.TrailSearchOptions{Principals: []string{"arn:aws:sts::111122223333:assumed-role/deploy/alice"}}, "e2"},
		{app.TrailSearchOptions{Principals: []string{"deploy"}}, "e2 e4"},
		{app.TrailSearchOptions{Principals: []string{"AROADEPLOY"}}, "e2 e4"},
		{app.TrailSearchOptions{Principals: []string{"ASIAADMIN00000000001", "root"}}, "e3 e6"},
		{app.TrailSearchOptions{Principals: []string{"config.amazonaws.com"}}, "e5"},
		{app.TrailSearchOptions{Principals: []string{"arn:aws:iam::111122223333:*"}}, "e1 e2 e3 e4 e6"},
		{app.TrailSearchOptions{Actions: []string{"s3:*"}}, "e3 e4"},
		{app.TrailSearchOptions{Actions: []string{"sts:assumerole", "s3:Get*"}}, "e1 e2 e4"},
		{app.TrailSearchOptions{Actions: []string{"sts:Get*", "s3:AssumeRole"}}, ""},
		{app.TrailSearchOptions{Actions: []string{"lambda:ListFunctions"}}, "e5"},
		{app.TrailSearchOptions{Actions: []string{"*Assume*"}}, "e1 e2 e6"},
		{app.TrailSearchOptions{Resources: []string{"customer-exports"}}, "e3 e4"},
		{app.TrailSearchOptions{Resources: []string{"arn:aws:s3:::customer-exports"}}, "e3 e4"},
		{app.TrailSearchOptions{Resources: []string{"arn:aws:s3:::customer-exports/*"}}, "e4"},
		{app.TrailSearchOptions{Resources: []string{"customer"}}, ""},
		{app.TrailSearchOptions{IPs: []string{"198.51.100.0/24"}}, "e1 e2 e6"},
		{app.TrailSearchOptions{IPs: []string{"198.51.100.8", "2001:db8::/32"}}, "e4 e6"},
		{app.TrailSearchOptions{IPs: []string{"config.amazonaws.com"}}, "e5"},
		{app.TrailSearchOptions{Errors: []string{"*"}}, "e4"},
		{app.TrailSearchOptions{Errors: []string{"*denied*"}, Actions: []string{"GetObject"}}, "e4"},
		{app.TrailSearchOptions{Events: []string{"e2", "e6", "none"}}, "e2 e6"},
		{app.TrailSearchOptions{Since: time.Date(2026, 3, 2, 10, 2, 0, 0, time.UTC), Until: time.Date(2026, 3, 2, 10, 4, 0, 0, time.UTC)}, "e3 e4"},
		{app.TrailSearchOptions{Accounts: []string{"222233334444"}}, ""},
		{app.TrailSearchOptions{Where: `name == "DeleteBucket" || record.additionalEventData.MFAUsed == "No"`}, "e3 e6"},
		{app.TrailSearchOptions{Where: `record.additionalEventData.n > 6`}, "e6"},
		{app.TrailSearchOptions{Where: `!(record.additionalEventData.MFAUsed == "Yes")`}, "e6"}, // not of those that do not say
		{app.TrailSearchOptions{Where: `!has(record.readOnly) && time < timestamp("2026-03-03T00:00:00Z")`}, "e1 e2"},
		{app.TrailSearchOptions{Where: `record.?errorCode.orValue("none") == "none" && read_only`}, "e5"},
		{app.TrailSearchOptions{Where: `resources.exists(r, r.endsWith(".csv"))`}, "e4"},
		{app.TrailSearchOptions{Limit: 2}, "e1 e2"},
	} {
		var got []string
		c.o.Dir = dir
		c.o.Event = func(e *evidence.Event) error { got = append(got, e.ID); return nil }
		done, err := (&app.App{Now: time.Now}).TrailSearch(t.Context(), c.o)
		if err != nil {
			t.Errorf("%+v: %v", c.o, err)
			continue
		}
		if strings.Join(got, " ") != c.want || done.Found != len(got) || done.More != (c.o.Limit > 0) {
			c.o.Event = nil
			t.Errorf("%+v finds %v and should find %q (%+v)", c.o, got, c.want, done)
		}
	}
}

func TestSearchRefusesWhatItCannotAsk(t *testing.T) {
	dir := lakeOf(t, activityLog)
	for want, o := range map[string]app.TrailSearchOptions{
		"--ip":       {IPs: []string{"everywhere"}},
		"--action":   {Actions: []string{"s3:"}},
		"--where":    {Where: "name =="},
		"true or":    {Where: "name"},
		"undeclared": {Where: "eventName == 'x'"},
		"--since":    {Since: time.Unix(9, 0), Until: time.Unix(9, 0)},
		"no lake":    {},
	} {
		o.Dir = dir
		if want == "no lake" {
			o.Dir = filepath.Join(dir, "nowhere")
		}
		_, err := (&app.App{Now: time.Now}).TrailSearch(t.Context(), o)
		if app.Code(err) != app.ExitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestTimelineGoesBothWaysAndThroughSessions(t *testing.T) {
	dir := lakeOf(t, activityLog)
	for who, want := range map[string]string{
		"arn:aws:iam::111122223333:user/alice":       "e1:by e2:via ASIADEPLOY0000000001 e3:via ASIAADMIN00000000001",
		"arn:aws:iam::111122223333:role/team/deploy": "e2:by e3:via ASIAADMIN00000000001 e4:by e6:to",
		"arn:aws:s3:::customer-exports":              "e3:to e4:to",
		"ASIADEPLOY0000000001":                       "e1:to e2:by e3:via ASIAADMIN00000000001",
		"nobody":                                     "",
	} {
		var got []string
		done, err := (&app.App{Now: time.Now}).TrailTimeline(t.Context(), app.TrailTimelineOptions{Dir: dir, Who: who, Entry: func(e *app.TrailEntry) error {
			var how []string
			if e.By {
				how = append(how, "by")
			}
			if e.Via != "" {
				how = append(how, "via "+e.Via)
			}
			if e.To {
				how = append(how, "to")
			}
			got = append(got, e.ID+":"+strings.Join(how, "+"))
			return nil
		}})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, and should be %q (%+v, %v)", who, got, want, done, err)
		}
	}
}

func TestImportCountsWhatItCannotRead(t *testing.T) {
	logs, dir := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(logs, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const good = `{"eventVersion":"1.11","eventTime":"2026-03-02T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","recipientAccountId":"111122223333","eventID":"%s"}`
	write("111122223333_CloudTrail_eu-west-1_20260302T1010Z_aaaaaaaaaaaaaaaa.json", fmt.Sprintf(`{"Records":[`+good+`,`+good+`,{"broken`, "a", "b"))
	write("111122223333_CloudTrail_eu-west-1_20260302T1020Z_bbbbbbbbbbbbbbbb.json", fmt.Sprintf(`{"Records":[`+good+`,`+good+`]}`, "b", "c"))
	a := &app.App{Now: time.Now}
	o := app.TrailImportOptions{Source: app.TrailSource{Paths: []string{logs}}, Dir: dir}
	done, err := a.TrailImport(t.Context(), o)
	if err != nil || done.Written.Events != 3 || done.Faulty != 1 || done.Unseen() == nil {
		t.Fatalf("%+v: %v", done, err)
	}
	gaps := func() int {
		t.Helper()
		l, err := a.OpenLake(dir)
		if err != nil {
			t.Fatal(err)
		}
		gaps, err := l.Gaps()
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range gaps {
			if g.Reason != evidence.Corrupt || !strings.Contains(g.Resource+g.Detail, "aaaaaaaaaaaaaaaa") {
				t.Errorf("gap %+v", g)
			}
		}
		return len(gaps)
	}
	if n := gaps(); n != 1 {
		t.Errorf("%d gaps are recorded", n)
	}
	// What was damaged is read again, and what came whole is not.
	write("111122223333_CloudTrail_eu-west-1_20260302T1010Z_aaaaaaaaaaaaaaaa.json", fmt.Sprintf(`{"Records":[`+good+`,`+good+`,`+good+`]}`, "a", "b", "d"))
	done, err = a.TrailImport(t.Context(), o)
	if err != nil || done.Written.Events != 1 || done.Known != 1 || done.Unseen() != nil {
		t.Fatalf("%+v: %v", done, err)
	}
	if n := gaps(); n != 0 {
		t.Errorf("%d gaps are left after the file came whole", n)
	}
	// A log of which a part was left out is not done.
	o.Dir = t.TempDir()
	o.Source.Accounts = []string{"999999999999"}
	if done, err = a.TrailImport(t.Context(), o); err != nil || done.Written.Events != 0 || done.Left != 4 {
		t.Fatalf("%+v: %v", done, err)
	}
	o.Source.Accounts = nil
	if done, err = a.TrailImport(t.Context(), o); err != nil || done.Written.Events != 4 {
		t.Fatalf("%+v: %v", done, err)
	}
}

func TestRetention(t *testing.T) {
	for text, days := range map[string]int{"400d": 400, "52w": 364, "7y": 2562} {
		if span, err := app.ParseRetention(text); err != nil || span != time.Duration(days)*24*time.Hour {
			t.Errorf("%s is %v, %v", text, span, err)
		}
	}
	for _, text := range []string{"", "0d", "-1d", "400", "99999y", "1.5d", "12h"} {
		if _, err := app.ParseRetention(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	dir := lakeOf(t, activityLog)
	a := &app.App{Now: func() time.Time { return time.Date(2026, 3, 12, 5, 0, 0, 0, time.UTC) }}
	var exit *app.ExitError
	if _, err := a.TrailPrune(t.Context(), app.Workspace{}, app.TrailPruneOptions{Dir: dir}); !errors.As(err, &exit) || exit.Code != app.ExitUsage {
		t.Errorf("without a retention: %v", err)
	}
	w := app.Workspace{Lake: app.LakeSettings{Retention: map[string]string{"cloudtrail": "9d"}}}
	for _, dry := range []bool{true, false, false} {
		done, err := a.TrailPrune(t.Context(), w, app.TrailPruneOptions{Dir: dir, DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		t.Log(done.Events, done.Files)
	}
	left, err := a.OpenLake(dir)
	if err != nil {
		t.Fatal(err)
	}
	days, err := left.Coverage(t.Context())
	if err != nil || len(days) != 1 || days[0].Events != 1 || !slices.Contains([]string{"o-exampleorg"}, days[0].Organisation) {
		t.Errorf("%+v %v", days, err)
	}
}

func FuzzSearchQuery(f *testing.F) {
	f.Add("arn:aws:iam::111122223333:role/a/b", "s3:Get*", "198.51.100.0/24", `name == "x"`)
	f.Fuzz(func(t *testing.T, principal, action, ip, where string) {
		_, err := (&app.App{Now: time.Now}).TrailSearch(t.Context(), app.TrailSearchOptions{
			Dir: filepath.Join(os.TempDir(), "no-such-lake"), Principals: []string{principal}, Actions: []string{action}, Resources: []string{principal}, IPs: []string{ip}, Where: where,
		})
		if err == nil {
			t.Error("a lake that is not there was searched")
		}
	})
}
