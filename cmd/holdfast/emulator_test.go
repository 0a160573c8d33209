package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws/collect"
	"holdfast.dev/holdfast/internal/store"
)

// emulator speaks as much of AWS's wire protocols as a collection of S3, IAM
// and KMS takes: query with XML answers (STS, IAM, EC2), JSON with a target
// header (Organizations, KMS), JSON by path (Account) and XML by path (S3).
type emulator struct {
	trouble func(operation string) (code string, status int) // code "": none

	mu   sync.Mutex
	seen map[string]int // operation
}

func (e *emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	form, _ := url.ParseQuery(string(body)) // only the query protocol sends a form
	protocol, operation := "rest-xml", s3Operation(r)
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		protocol, operation = "json", target[strings.LastIndex(target, ".")+1:]
	case form.Get("Action") != "":
		protocol, operation = "query", form.Get("Action")
	case strings.HasPrefix(r.URL.Path, "/v20180820/"):
		protocol = "query" // S3 Control wraps its errors as that protocol does
	case r.Method == http.MethodPost:
		protocol, operation = "json", strings.TrimPrefix(r.URL.Path, "/")
	}
	e.mu.Lock()
	if e.seen == nil {
		e.seen = map[string]int{}
	}
	e.seen[operation]++
	e.mu.Unlock()
	if e.trouble != nil {
		if code, status := e.trouble(operation); code != "" {
			fail(w, protocol, code, status)
			return
		}
	}
	e.answer(w, protocol, operation)
}

func (e *emulator) count(operation string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.seen[operation]
}

// s3Operation names the S3 requests by the marks of their REST paths.
func s3Operation(r *http.Request) string {
	switch {
	case strings.HasPrefix(r.URL.Path, "/v20180820/accesspoint"):
		return "ListAccessPoints"
	case strings.HasPrefix(r.URL.Path, "/v20180820/configuration/publicAccessBlock"):
		return "GetAccountPublicAccessBlock"
	case r.URL.Path == "/" || r.URL.Path == "":
		return "ListBuckets"
	}
	for _, mark := range []string{"acl", "policy", "encryption", "versioning", "publicAccessBlock", "location"} {
		if r.URL.Query().Has(mark) {
			return "bucket " + mark
		}
	}
	return "bucket other"
}

func fail(w http.ResponseWriter, protocol, code string, status int) {
	switch protocol {
	case "json":
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":%q,"message":"the emulator says no"}`, code)
	case "query":
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>the emulator says no</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>`, code)
	default:
		w.WriteHeader(status)
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>the emulator says no</Message><RequestId>R</RequestId><HostId>H</HostId></Error>`, code)
	}
}

const report = `user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated
<root_account>,arn:aws:iam::111122223333:root,2020-01-01T00:00:00+00:00,not_supported,no_information,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A
`

func (e *emulator) answer(w http.ResponseWriter, protocol, operation string) {
	query := func(result string) {
		fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", operation, operation, result, operation, operation)
	}
	switch operation {
	case "GetCallerIdentity":
		query(`<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>U</UserId>`)
	case "GetAccountSummary":
		query(`<SummaryMap><entry><key>AccountMFAEnabled</key><value>1</value></entry><entry><key>Users</key><value>0</value></entry><entry><key>AccountAccessKeysPresent</key><value>0</value></entry></SummaryMap>`)
	case "GetCredentialReport":
		query(`<Content>` + base64.StdEncoding.EncodeToString([]byte(report)) + `</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-09-01T00:00:00Z</GeneratedTime>`)
	case "GenerateCredentialReport":
		query(`<State>COMPLETE</State>`)
	case "GetAccountPasswordPolicy":
		fail(w, "query", "NoSuchEntity", http.StatusNotFound)
	case "DescribeOrganization":
		fail(w, "json", "AWSOrganizationsNotInUseException", http.StatusBadRequest)
	case "listRegions":
		fmt.Fprint(w, `{"Regions":[{"RegionName":"eu-west-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}`)
	case "ListKeys":
		fmt.Fprint(w, `{"Keys":[],"Truncated":false}`)
	case "ListAliases":
		fmt.Fprint(w, `{"Aliases":[],"Truncated":false}`)
	case "ListBuckets":
		fmt.Fprint(w, `<?xml version="1.0"?><ListAllMyBucketsResult><Buckets><Bucket><Name>orders</Name><CreationDate>2025-03-01T00:00:00.000Z</CreationDate><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>`)
	case "ListAccessPoints":
		fmt.Fprint(w, `<?xml version="1.0"?><ListAccessPointsResult><AccessPointList></AccessPointList></ListAccessPointsResult>`)
	case "bucket versioning":
		fmt.Fprint(w, `<?xml version="1.0"?><VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`)
	case "bucket policy":
		fail(w, protocol, "NoSuchBucketPolicy", http.StatusNotFound)
	case "bucket publicAccessBlock", "GetAccountPublicAccessBlock":
		fail(w, protocol, "NoSuchPublicAccessBlockConfiguration", http.StatusNotFound)
	case "bucket encryption":
		fail(w, protocol, "ServerSideEncryptionConfigurationNotFoundError", http.StatusNotFound)
	case "bucket acl", "bucket other", "bucket location":
		fail(w, protocol, "AccessDenied", http.StatusForbidden)
	default:
		if protocol == "query" {
			query("")
			return
		}
		fail(w, protocol, "UnknownOperationException", http.StatusBadRequest)
	}
}

// live runs the command against an emulator, as a user would.
func live(t *testing.T, variables []string, args ...string) (dir, stderr string, code int) {
	t.Helper()
	dir = t.TempDir()
	c := exec.CommandContext(t.Context(), "holdfast", append([]string{"collect", "--store", dir}, args...)...)
	c.Dir = t.TempDir()
	c.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-secret", "AWS_REGION=eu-west-1",
	}, variables...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %s", err, out)
	}
	return dir, string(out), c.ProcessState.ExitCode()
}

func stored(t *testing.T, dir string) (counts map[string]int, gaps []evidence.Gap) {
	t.Helper()
	s, err := store.Open(t.Context(), dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	later := time.Now().Add(time.Minute)
	if counts, err = s.Counts(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	if gaps, err = s.Gaps(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	return counts, gaps
}

func serve(t *testing.T, e *emulator) string {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

// oneSentence is what an error of the command has to be.
var oneSentence = regexp.MustCompile(`^holdfast: [^\n]+\n$`)

func TestEmulator(t *testing.T) {
	for _, c := range collect.All() {
		if c.Service == "kms" && c.Name != "kms" {
			t.Skip("the services of this test are others now")
		}
	}
	e := &emulator{}
	dir, stderr, code := live(t, []string{"AWS_ENDPOINT_URL=" + serve(t, e)}, "--services", "s3,iam,kms")
	counts, gaps := stored(t, dir)
	if code != 0 || counts["AWS::S3::Bucket"] != 1 || counts["Holdfast::IAM::AccountSummary"] != 1 || counts["Holdfast::IAM::Credentials"] != 1 || counts["Holdfast::S3::AccountPublicAccessBlock"] != 1 {
		t.Errorf("%d, %s%v", code, stderr, counts)
	}
	for _, g := range gaps {
		if g.Reason != evidence.Denied || g.Service != "s3" { // what the emulator denies on purpose
			t.Errorf("%+v", g)
		}
	}
	if e.count("ListKeys") != 1 {
		t.Error("KMS was not asked")
	}
}

func TestEmulatorOfOneService(t *testing.T) {
	all, s3 := &emulator{}, &emulator{}
	dir, stderr, code := live(t, []string{"AWS_ENDPOINT_URL=" + serve(t, all), "AWS_ENDPOINT_URL_S3=" + serve(t, s3)}, "--services", "s3")
	counts, _ := stored(t, dir)
	if code != 0 || counts["AWS::S3::Bucket"] != 1 || s3.count("ListBuckets") != 1 || all.count("ListBuckets") != 0 || all.count("GetCallerIdentity") == 0 {
		t.Errorf("%d, %s%v", code, stderr, counts)
	}
}

func TestEmulatorDenies(t *testing.T) {
	e := &emulator{trouble: func(operation string) (string, int) {
		if operation == "GetCallerIdentity" {
			return "", 0
		}
		return "AccessDenied", http.StatusForbidden
	}}
	dir, stderr, code := live(t, []string{"AWS_ENDPOINT_URL=" + serve(t, e)}, "--services", "s3,iam,kms", "--regions", "eu-west-1")
	_, gaps := stored(t, dir)
	if code != 0 || len(gaps) < 5 {
		t.Errorf("%d, %s%v", code, stderr, gaps)
	}
	for _, g := range gaps {
		if g.Reason != evidence.Denied || strings.Contains(g.Detail, "operation error") || strings.Contains(g.Detail, "RequestID") {
			t.Errorf("%+v", g)
		}
	}
}

func TestEmulatorThrottlesAndRelents(t *testing.T) {
	var mu sync.Mutex
	times := map[string]int{}
	e := &emulator{trouble: func(operation string) (string, int) {
		mu.Lock()
		defer mu.Unlock()
		if times[operation]++; times[operation] <= 2 && (operation == "ListBuckets" || operation == "GetAccountSummary" || operation == "ListKeys") {
			return map[string]string{"ListBuckets": "SlowDown", "GetAccountSummary": "Throttling", "ListKeys": "ThrottlingException"}[operation],
				map[string]int{"ListBuckets": http.StatusServiceUnavailable}[operation] | map[string]int{"GetAccountSummary": 400, "ListKeys": 400}[operation]
		}
		return "", 0
	}}
	dir, stderr, code := live(t, []string{"AWS_ENDPOINT_URL=" + serve(t, e)}, "--services", "s3,iam,kms")
	counts, gaps := stored(t, dir)
	if code != 0 || counts["AWS::S3::Bucket"] != 1 || counts["Holdfast::IAM::AccountSummary"] != 1 || e.count("ListBuckets") != 3 || e.count("ListKeys") != 3 {
		t.Errorf("%d, %s%v", code, stderr, counts)
	}
	for _, g := range gaps {
		if g.Reason == evidence.Throttled {
			t.Errorf("%+v", g)
		}
	}
}

func TestEmulatorExpiresCredentials(t *testing.T) {
	for _, from := range []string{"GetCallerIdentity", "GetAccountSummary", "ListBuckets", "ListKeys"} {
		t.Run(from, func(t *testing.T) {
			code := map[string]string{"ListKeys": "ExpiredTokenException"}[from]
			if code == "" {
				code = "ExpiredToken"
			}
			e := &emulator{trouble: func(operation string) (string, int) {
				if operation == from {
					return code, http.StatusForbidden
				}
				return "", 0
			}}
			_, stderr, exit := live(t, []string{"AWS_ENDPOINT_URL=" + serve(t, e)}, "--services", "s3,iam,kms")
			if exit != 2 || !oneSentence.MatchString(stderr) || !strings.Contains(stderr, "the AWS credentials have expired") || strings.Contains(stderr, "operation error") {
				t.Errorf("%d, %s", exit, stderr)
			}
			if from != "GetCallerIdentity" && !strings.Contains(stderr, "--resume") {
				t.Errorf("what to do next is missing: %s", stderr)
			}
		})
	}
}

// TestNoWayIn: what a person has set up wrongly is told in one sentence.
func TestNoWayIn(t *testing.T) {
	for name, c := range map[string]struct {
		env, args []string
		want      string
	}{
		"no credentials": {[]string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, nil, "there are no usable AWS credentials (neither in the environment,"},
		"profile":        {nil, []string{"--profile", "nosuch"}, `the profile "nosuch" is neither in ~/.aws/config`},
		"refused":        {[]string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, nil, "AWS cannot be reached (Post"},
		"no such host":   {[]string{"AWS_ENDPOINT_URL=http://no-such-host.invalid"}, nil, "AWS cannot be reached (there is no endpoint no-such-host.invalid"},
		"Region":         {[]string{"AWS_REGION=bad region", "AWS_ENDPOINT_URL_S3=x"}, nil, `"bad region" is not the name of a Region`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, stderr, exit := live(t, c.env, c.args...)
			if exit != 2 || !oneSentence.MatchString(stderr) || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "operation error") {
				t.Errorf("%d, %s", exit, stderr)
			}
		})
	}
}
