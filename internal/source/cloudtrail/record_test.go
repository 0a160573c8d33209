package cloudtrail_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

const full = `{ "eventVersion":"1.08", "userIdentity" : {"type":"AssumedRole","arn":"arn:x","sessionContext":{"sessionIssuer":{"arn":"arn:role","userName":"r"}}},
	"eventTime":"2024-05-31T10:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"eu-west-1","eventID":"x",
	"requestParameters":{"groupId":"sg-1","ipPermissions":{"items":[{"fromPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"},{"cidrIp":"10.0.0.0/8"}]}},{"ipRanges":{}},7]},
	"dotted.name":true,"n":1.5e3,"s":"a\"b\u00e9","none":null},"responseElements":null,"unknownMember":{"deep":["x"]},"event\u004eame2":"y"}`

func parsed(t *testing.T, raw string) *cloudtrail.Record {
	t.Helper()
	r, err := cloudtrail.ParseRecord([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPaths(t *testing.T) {
	r := parsed(t, full)
	for path, want := range map[string]string{
		"eventName":        "AuthorizeSecurityGroupIngress",
		"userIdentity.arn": "arn:x",
		"userIdentity.sessionContext.sessionIssuer.arn": "arn:role",
		"requestParameters.groupId":                     "sg-1",
		"requestParameters.n":                           "1.5e3",
		"requestParameters.s":                           `a"bé`,
		"eventName2":                                    "y",
		"requestParameters.none":                        "",
		"requestParameters":                             "",
		"nothing.at.all":                                "",
		"eventName.below":                               "",
		"arn":                                           "",
		"":                                              "",
	} {
		if got := r.Field(path).Text(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]cloudtrail.Type{
		"requestParameters.none": cloudtrail.Null, "responseElements": cloudtrail.Null, "errorCode": cloudtrail.Missing,
		"requestParameters.ipPermissions.items": cloudtrail.Array, "requestParameters": cloudtrail.Object, "requestParameters.n": cloudtrail.Number,
		"eventID": cloudtrail.String, "userIdentity.sessionContext": cloudtrail.Object, "requestParameters.ipPermissions.items.fromPort": cloudtrail.Missing,
	} {
		if got := r.Field(path).Type(); got != want {
			t.Errorf("%s is of type %d, want %d", path, got, want)
		}
	}
	if v := r.Get(cloudtrail.NewPath("requestParameters", "dotted.name")); !v.Bool() || v.Type() != cloudtrail.Bool {
		t.Errorf("a name with a dot: %s", v.Raw())
	}
	if n, ok := r.Field("requestParameters.n").Number(); !ok || n != 1500 {
		t.Error(n, ok)
	}
	var ranges []string
	whole := r.Each(cloudtrail.ParsePath("requestParameters.ipPermissions.items.ipRanges.items.cidrIp"), func(v cloudtrail.Value) bool {
		ranges = append(ranges, v.Text())
		return true
	})
	if !whole || !slices.Equal(ranges, []string{"0.0.0.0/0", "10.0.0.0/8"}) {
		t.Errorf("%q", ranges)
	}
	if r.Each(cloudtrail.ParsePath("requestParameters.ipPermissions.items"), func(cloudtrail.Value) bool { return false }) {
		t.Error("stopped, and says it went to the end")
	}
	if got := r.Time(); !got.Equal(time.Date(2024, 5, 31, 10, 0, 0, 0, time.UTC)) {
		t.Error(got)
	}
	if got, _ := json.Marshal(r.Field("unknownMember").Any()); string(got) != `{"deep":["x"]}` {
		t.Errorf("%s", got)
	}
}

// TestOfTwoMembersTheLastCounts as with encoding/json, whoever reads.
func TestOfTwoMembersTheLastCounts(t *testing.T) {
	r := parsed(t, `{"eventName":"a","userIdentity":{"type":"Root","arn":"x"},"eventName":"b","userIdentity":{"type":"IAMUser"},"p":{"q":1,"q":2}}`)
	if r.Field("eventName").Text() != "b" || r.Field("userIdentity.type").Text() != "IAMUser" || r.Field("userIdentity.arn").Type() != cloudtrail.Missing || r.Field("p.q").Text() != "2" {
		t.Errorf("%s %s %s %s", r.Field("eventName").Raw(), r.Field("userIdentity.type").Raw(), r.Field("userIdentity.arn").Raw(), r.Field("p.q").Raw())
	}
	r = parsed(t, `{"userIdentity":{"arn":"x"},"userIdentity":null}`)
	if got := r.Field("userIdentity.arn"); got.Type() != cloudtrail.Missing {
		t.Errorf("%s", got.Raw())
	}
}

func TestRecordsThatAreNone(t *testing.T) {
	for _, raw := range []string{"", "x", "[]", `{"a":1}x`, `{"a":`, `{"a":"` + strings.Repeat("[", 9)} {
		if r, err := cloudtrail.ParseRecord([]byte(raw)); err == nil {
			t.Errorf("%q is %s", raw, r.Raw())
		}
	}
}

func TestAddenda(t *testing.T) {
	original := parsed(t, `{"eventID":"a","eventName":"X","sourceIPAddress":"AWS Internal","userIdentity":{"type":"IAMUser"}}`)
	correction := parsed(t, `{"eventID":"b","eventName":"X","sourceIPAddress":"192.0.2.1","userAgent":"cli","userIdentity":{"type":"Root"},
		"addendum":{"reason":"UPDATED_DATA","updatedFields":"sourceIPAddress, userIdentity.type,userAgent","originalRequestID":"r","originalEventID":"a"}}`)
	late := parsed(t, `{"eventID":"c","eventName":"X","addendum":{"reason":"DELIVERY_DELAY"}}`)
	if correction.Corrects() != "a" || original.Corrects() != "" || late.Corrects() != "" || late.AddendumReason() != "DELIVERY_DELAY" {
		t.Error(correction.Corrects(), late.AddendumReason())
	}
	got, err := cloudtrail.Correct(original, correction)
	if want := `{"eventID":"a","eventName":"X","sourceIPAddress":"192.0.2.1","userIdentity":{"type":"Root"},"userAgent":"cli"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, c := range []*cloudtrail.Record{late, parsed(t, `{"eventID":"b","addendum":{"originalEventID":"z"}}`), parsed(t, `{"eventID":"b","addendum":{"originalEventID":"a"}}`),
		parsed(t, `{"eventID":"b","addendum":{"originalEventID":"a","updatedFields":["gone"]}}`)} {
		if got, err := cloudtrail.Correct(original, c); err == nil {
			t.Errorf("%s corrects to %s", c.Raw(), got)
		}
	}
	// A correction is handed over even under the id of its original.
	id := "00000000-0000-4000-8000-000000000001"
	var reader cloudtrail.Reader
	events, _ := read(t, &reader, folder(t, map[string]string{"a.json": record(1, "") + record(1, `"addendum":{"reason":"UPDATED_DATA","originalEventID":"`+id+`","updatedFields":"x"}`) +
		record(1, "") + record(1, `"addendum":{"reason":"UPDATED_DATA","originalEventID":"`+id+`","updatedFields":"x"}`)}))
	if s := reader.Stats(); len(events) != 2 || s.Duplicates != 2 || s.Addenda != 1 {
		t.Errorf("%d events, %+v", len(events), s)
	}
}

func TestInsightsAreCounted(t *testing.T) {
	var r cloudtrail.Reader
	name := "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2024/05/01/111122223333_CloudTrail-Insight_eu-west-1_20240501T1000Z_a.json"
	events, faults := read(t, &r, folder(t, map[string]string{name: `{"Records":[` + record(1, `"eventType":"AwsCloudTrailInsight","eventCategory":"Insight","insightDetails":{"state":"Start"}`) + `]}`}))
	if len(events) != 1 || len(faults) > 0 || r.Stats().Insights != 1 {
		t.Errorf("%v %v %+v", events, faults, r.Stats())
	}
}
