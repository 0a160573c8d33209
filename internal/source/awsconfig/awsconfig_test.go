package awsconfig

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

const (
	historyKey  = "AWSLogs/111122223333/Config/eu-west-1/2016/9/7/ConfigHistory/111122223333_Config_eu-west-1_ConfigHistory_AWS::S3::Bucket_20160907T195818Z_20160907T215818Z_1.json.gz"
	snapshotKey = "AWSLogs/111122223333/Config/eu-west-1/2016/9/8/ConfigSnapshot/111122223333_Config_eu-west-1_ConfigSnapshot_20160908T183939Z_0f1e2d3c.json.gz"
	oversizeKey = "AWSLogs/111122223333/Config/eu-west-1/2016/9/9/OversizedChangeNotification/AWS::EC2::SecurityGroup/sg-1/111122223333_Config_eu-west-1_ChangeNotification_AWS::EC2::SecurityGroup_sg-1_20160909T010203Z_1.json.gz"
)

// item writes one configuration item; more overrides or adds members.
func item(typ, id, captured, config string, more ...string) string {
	fields := map[string]json.RawMessage{}
	put := func(name, raw string) { fields[name] = json.RawMessage(raw) }
	put("configurationItemVersion", `"1.3"`)
	put("awsAccountId", `"111122223333"`)
	put("awsRegion", `"eu-west-1"`)
	put("configurationItemStatus", `"OK"`)
	put("configurationItemCaptureTime", `"`+captured+`"`)
	put("resourceType", `"`+typ+`"`)
	put("resourceId", `"`+id+`"`)
	if config != "" {
		put("configuration", config)
	}
	for i := 0; i+1 < len(more); i += 2 {
		put(more[i], more[i+1])
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(fmt.Sprintf("%s %s: %v", typ, id, err))
	}
	return string(b)
}

func body(items ...string) string {
	return `{"fileVersion":"1.0","configSnapshotId":"0f1e2d3c","configurationItems":[` + strings.Join(items, ",\n") + `]}`
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func write(t *testing.T, root, key string, content []byte) string {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func parse(t *testing.T, text string) File {
	t.Helper()
	file, err := Parse("answer.json", strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestParseName(t *testing.T) {
	for _, c := range []struct {
		key  string
		want Name
	}{
		{historyKey, Name{Changes, "111122223333", "eu-west-1", "AWS::S3::Bucket", time.Date(2016, 9, 7, 0, 0, 0, 0, time.UTC)}},
		{snapshotKey, Name{Snapshot, "111122223333", "eu-west-1", "", time.Date(2016, 9, 8, 0, 0, 0, 0, time.UTC)}},
		{"prefix/" + oversizeKey, Name{Oversized, "111122223333", "eu-west-1", "AWS::EC2::SecurityGroup", time.Date(2016, 9, 9, 0, 0, 0, 0, time.UTC)}},
		{`C:\evidence\2016\12\07\111122223333_Config_us-east-1_ConfigHistory_AWS__IAM__Role_20161207T000000Z_20161207T060000Z_1.json`,
			Name{Changes, "111122223333", "us-east-1", "AWS::IAM::Role", time.Date(2016, 12, 7, 0, 0, 0, 0, time.UTC)}},
		{"a/2016/13/40/history.json", Name{Kind: Answer}},
		{"111122223333_CloudTrail_eu-west-1_20160907T0000Z_abc.json.gz", Name{Kind: Answer}},
	} {
		if got := ParseName(c.key); got != c.want {
			t.Errorf("ParseName(%q) = %+v, want %+v", c.key, got, c.want)
		}
	}
}

// The same item in the spelling of old files and in that of the API.
func TestSpellings(t *testing.T) {
	old := item("AWS::EC2::Volume", "vol-1", "2016-09-07T19:58:18.123Z", `{"volumeId":"vol-1","encrypted":true,"size":8,"kmsKeyId":null,"volumeType":{"value":"gp2"},"state":{"value":"in-use"},"attachments":[{"instanceId":"i-1"}]}`,
		"ARN", `"arn:aws:ec2:eu-west-1:111122223333:volume/vol-1"`, "availibilityZone", `"eu-west-1a"`, "configurationStateID", `7`, "tags", `{"team":"a"}`)
	api := `{"configurationItems":[{"version":"1.3","accountId":"111122223333","awsRegion":"eu-west-1","configurationItemStatus":"OK",
		"configurationItemCaptureTime":1473278298.123,"resourceType":"AWS::EC2::Volume","resourceId":"vol-1","arn":"arn:aws:ec2:eu-west-1:111122223333:volume/vol-1",
		"configurationStateId":"7","tags":{"team":"a"},
		"configuration":"{\"volumeId\":\"vol-1\",\"encrypted\":true,\"size\":8,\"volumeType\":\"gp2\",\"state\":\"in-use\",\"attachments\":[{\"instanceId\":\"i-1\"}]}"}]}`
	a, b := parse(t, body(old)), parse(t, api)
	if len(a.Items) != 1 || !reflect.DeepEqual(a.Items, b.Items) {
		t.Fatalf("the spellings differ:\n%+v\n%+v", a.Items, b.Items)
	}
	r := a.Items[0].Resources[0]
	if r.ARN != "arn:aws:ec2:eu-west-1:111122223333:volume/vol-1" || r.Partition != "aws" || r.Tags["team"] != "a" || r.Source != "awsconfig" {
		t.Errorf("resource = %+v", r)
	}
	want := map[string]any{"Encrypted": true, "Size": int64(8), "VolumeType": "gp2"}
	for name, v := range want {
		if !reflect.DeepEqual(r.Properties[name], v) {
			t.Errorf("%s = %v, want %v", name, r.Properties[name], v)
		}
	}
	if _, there := r.Properties["KmsKeyId"]; there {
		t.Error("a null that Config records means not set, but KmsKeyId is there")
	}
	if _, unknown := r.Properties["AutoEnableIO"].(evidence.Unknown); !unknown {
		t.Errorf("AutoEnableIO = %v; Config does not record it, so it has to be unknown", r.Properties["AutoEnableIO"])
	}
}

func TestOversizedNotification(t *testing.T) {
	text := `{"configurationItemDiff":{"changeType":"UPDATE","changedProperties":{}},"configurationItem":` +
		item("AWS::EC2::SecurityGroup", "sg-1", "2016-09-09T01:02:03.000Z", `{"groupId":"sg-1","groupName":"web","description":"d","vpcId":"vpc-1"}`) +
		`,"notificationCreationTime":"2016-09-09T01:02:04.000Z","messageType":"ConfigurationItemChangeNotification","recordVersion":"1.3"}`
	file, err := Parse(oversizeKey, bytes.NewReader(zipped(text)), Options{})
	if err != nil || len(file.Items) != 1 || file.Kind != Oversized {
		t.Fatalf("%+v, %v", file, err)
	}
	summary := `{"configurationItemSummary":{"resourceType":"AWS::EC2::SecurityGroup","resourceId":"sg-1"},"s3DeliverySummary":{},"configurationItem":null}`
	file = parse(t, summary)
	if len(file.Items) != 0 || len(file.Gaps) != 1 || file.Gaps[0].Types[0] != "AWS::EC2::SecurityGroup" {
		t.Errorf("a summary alone leaves a gap; got %+v", file)
	}
}

func TestForeignUnknownStaysData(t *testing.T) {
	file := parse(t, body(item("AWS::SQS::Queue", "https://sqs/q", "2024-01-01T00:00:00Z",
		`{"QueueName":"q","SqsManagedSseEnabled":{"$unknown":{"reason":"trust me"}},"RedrivePolicy":"{\"$unknown\":{\"reason\":\"x\"}}"}`)))
	p := file.Items[0].Resources[0].Properties
	for _, name := range []string{"SqsManagedSseEnabled", "RedrivePolicy"} {
		if _, unknown := p[name].(evidence.Unknown); unknown {
			t.Errorf("%s: a file made an Unknown of its own", name)
		}
	}
}
