package sigma_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// A day of made-up activity and rules over it, of the shapes real logs and public
// rule sets have.

var services = []struct {
	source string
	verbs  []string
	nouns  []string
}{
	{"ec2.amazonaws.com", []string{"Describe", "Run", "Terminate", "Create", "Delete", "Modify", "Authorize", "Revoke"}, []string{"Instances", "SecurityGroups", "Volumes", "Snapshot", "Vpcs", "FlowLogs", "Image", "InstanceAttribute"}},
	{"s3.amazonaws.com", []string{"Get", "Put", "Delete", "List", "Head"}, []string{"Object", "BucketPolicy", "BucketAcl", "BucketLogging", "Buckets", "BucketVersioning", "BucketPublicAccessBlock"}},
	{"iam.amazonaws.com", []string{"Get", "List", "Create", "Update", "Delete", "Attach", "Put"}, []string{"User", "Role", "RolePolicy", "AccessKey", "LoginProfile", "GroupPolicy", "SAMLProvider"}},
	{"sts.amazonaws.com", []string{"Assume", "Get"}, []string{"Role", "CallerIdentity", "RoleWithSAML", "SessionToken"}},
	{"kms.amazonaws.com", []string{"Generate", "Disable", "Schedule"}, []string{"DataKey", "Key", "KeyDeletion"}},
	{"lambda.amazonaws.com", []string{"Invoke", "Update", "Create", "Add"}, []string{"Function", "FunctionCode20150331v2", "Permission20150331v2"}},
	{"logs.amazonaws.com", []string{"Create", "Put", "Delete", "Describe"}, []string{"LogStream", "LogEvents", "LogGroups"}},
	{"dynamodb.amazonaws.com", []string{"Get", "Put", "Query", "Delete"}, []string{"Item", "Table", "Backup"}},
	{"rds.amazonaws.com", []string{"Describe", "Modify", "Delete", "Restore"}, []string{"DBInstance", "DBCluster", "DBSnapshot"}},
	{"cloudtrail.amazonaws.com", []string{"Stop", "Delete", "Update", "Describe"}, []string{"Logging", "Trail", "Trails"}},
}

// generated gives n records. Most calls are few, as in real logs.
func generated(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	records := make([][]byte, n)
	skew := func(n int) int { return int(float64(n) * r.Float64() * r.Float64() * r.Float64()) }
	for i := range records {
		s := services[skew(len(services))]
		name := s.verbs[skew(len(s.verbs))] + s.nouns[skew(len(s.nouns))]
		who := skew(200)
		account := fmt.Sprintf("%012d", 111111111111+skew(20)*1111)
		failed := ""
		if r.IntN(40) == 0 {
			failed = `"errorCode":"AccessDenied","errorMessage":"User: x is not authorized to perform: ` + name + `",`
		}
		records[i] = fmt.Appendf(nil, `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE%05d:session-%d","arn":"arn:aws:sts::%s:assumed-role/role-%d/session-%d","accountId":"%s","accessKeyId":"ASIAEXAMPLE%09d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%05d","arn":"arn:aws:iam::%s:role/role-%d","accountId":"%s","userName":"role-%d"},"attributes":{"creationDate":"2026-03-04T05:06:07Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-04T%02d:%02d:%02dZ","eventSource":"%s","eventName":"%s","awsRegion":"eu-central-%d","sourceIPAddress":"10.%d.%d.7","userAgent":"aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.%d md/GOOS#linux api/x#1.%d",%s"requestParameters":{"bucketName":"data-%d","Host":"data-%d.s3.amazonaws.com","key":"part/%d/%d.parquet","maxItems":%d,"filter":[{"name":"tag","value":"x%d"}]},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%032x","bytesTransferredOut":%d},"requestID":"%016x","eventID":"%08x-0000-4000-8000-%012x","readOnly":%t,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data-%d/part"},{"accountId":"%s","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-%d"}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"%s","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s"}}`,
			who, who, account, who, who, account, who, who, account, who, account, who,
			i/3600%24, i/60%60, i%60, s.source, name, 1+skew(2), who%8, who, who%5, who%9, failed, skew(50), who, i, i, r.IntN(1000), r.IntN(10),
			r.Uint64(), r.IntN(1<<20), r.Uint64(), i, i, strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "Get"), who, account, who, account, s.source)
	}
	return records
}

// recorded gives the records of real attacks, where they are at hand.
func recorded(t testing.TB) (records [][]byte) {
	for _, archive := range []string{"invictus-attack-logs.tar.gz", "stratus-detonation-logs.tar.gz"} {
		f, err := os.Open("/work/shared/data/cloudtrail/" + archive)
		if err != nil {
			t.Skipf("the recorded logs are not here: %v", err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(h.Name, ".json") {
				records = append(records, recordsOf(t, content)...)
			}
		}
	}
	return records
}

func recordsOf(t testing.TB, content []byte) (records [][]byte) {
	var log struct{ Records []json.RawMessage }
	if content[0] == '[' {
		if err := json.Unmarshal(content, &log.Records); err != nil {
			t.Fatal(err)
		}
	} else if err := json.Unmarshal(content, &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Records {
		var compact bytes.Buffer
		if err := json.Compact(&compact, r); err != nil {
			t.Fatal(err)
		}
		records = append(records, compact.Bytes())
	}
	return records
}

// synthetic gives n rules of the shapes that public rule sets for AWS have: nine in
// ten pin calls, the others look at every event.
func synthetic(n int) string {
	var b strings.Builder
	for i := range n {
		s := services[i%len(services)]
		verb, noun := s.verbs[i/3%len(s.verbs)], s.nouns[i/7%len(s.nouns)]
		fmt.Fprintf(&b, "---\ntitle: Synthetic rule %d\nid: 00000000-0000-4000-8000-%012d\nlogsource: {product: aws, service: cloudtrail}\nlevel: medium\ndetection:\n", i, i)
		switch i % 20 {
		case 0, 1, 2, 3, 4, 5: // one call
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName: %s%sX%d}\n    condition: selection\n", s.source, verb, noun, i)
		case 6, 7, 8, 9: // several calls, with a filter
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName: [%s%sY%d, %s%s, Delete%s]}\n    filter_main_ok: {userIdentity.arn|contains: 'role-%d'}\n    narrow: {requestParameters.bucketName: 'none-%d'}\n    condition: selection and narrow and not 1 of filter_main_*\n",
				s.source, verb, noun, i, verb, noun, noun, i, i)
		case 10, 11, 12, 13: // a call and what it was asked for
			fmt.Fprintf(&b, "    selection: {eventName: %s%s, requestParameters.key|endswith: '.exe%d'}\n    condition: selection\n", verb, noun, i)
		case 14, 15: // calls by pattern
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName|startswith: [%s%s, Enable%d]}\n    failed: {errorCode: 'Denied%d'}\n    condition: selection and failed\n", s.source, verb, noun, i, i)
		case 16, 17: // a call by any of searches
			fmt.Fprintf(&b, "    a: {eventName: %s%s, additionalEventData.AuthenticationMethod: 'M%d'}\n    b: {eventName: Stop%s%d}\n    condition: 1 of them\n", verb, noun, i, noun, i)
		case 18: // every event: the tool
			fmt.Fprintf(&b, "    selection: {userAgent|contains: ['tool-%d', 'kit-%d']}\n    condition: selection\n", i, i)
		default: // every event: who
			fmt.Fprintf(&b, "    selection: {userIdentity.arn|re: '.+:assumed-role/odd-%d:.+'}\n    filter: [{eventSource: ssm.amazonaws.com}, {sourceIPAddress: 'AWS Internal'}]\n    condition: selection and not filter\n", i)
		}
	}
	return b.String()
}
