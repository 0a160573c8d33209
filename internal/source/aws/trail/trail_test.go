package trail_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/trail"
)

// world answers as AWS does, and keeps what was asked.
type world struct {
	mu    sync.Mutex
	asked []string // operation and Region
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	operation := r.Method + " " + r.URL.Path
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		operation = target[strings.LastIndex(target, ".")+1:]
	}
	region := strings.Split(r.Header.Get("Authorization"), "/")[2]
	w.mu.Lock()
	w.asked = append(w.asked, operation+" "+region)
	n := len(w.asked)
	w.mu.Unlock()
	q := r.URL.Query()
	switch {
	case n%3 == 1: // every third request is throttled
		out.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(out, `<Error><Code>SlowDown</Code><Message>wait</Message></Error>`)
	case operation == "GetTrail":
		out.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(out, `{"__type":"TrailNotFoundException","message":"no"}`)
	case operation == "ListPublicKeys":
		body, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(body), "second") {
			fmt.Fprintf(out, `{"PublicKeyList":[{"Value":%q}],"NextToken":"second"}`, base64.StdEncoding.EncodeToString([]byte("a")))
			return
		}
		fmt.Fprintf(out, `{"PublicKeyList":[{"Value":%q}]}`, base64.StdEncoding.EncodeToString([]byte("b")))
	case r.Method == http.MethodHead && r.URL.Path == "/gone":
		out.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodHead:
		out.Header().Set("X-Amz-Bucket-Region", "eu-north-1")
		out.WriteHeader(http.StatusForbidden)
	case q.Get("delimiter") == "/":
		fmt.Fprint(out, `<ListBucketResult><CommonPrefixes><Prefix>AWSLogs/a/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>AWSLogs/b/</Prefix></CommonPrefixes></ListBucketResult>`)
	case q.Has("list-type") && q.Get("continuation-token") == "":
		fmt.Fprintf(out, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>after %s</Key></Contents></ListBucketResult>`, q.Get("start-after"))
	case q.Has("list-type"):
		fmt.Fprint(out, `<ListBucketResult><Contents><Key>last</Key></Contents></ListBucketResult>`)
	case r.URL.Path == "/logs/there":
		out.Header().Set("X-Amz-Meta-SIGNATURE", "00")
		out.Header().Set("Content-Encoding", "gzip")
		fmt.Fprint(out, "as it lies there")
	case r.URL.Path == "/logs/denied":
		out.WriteHeader(http.StatusForbidden)
		fmt.Fprint(out, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	default:
		out.WriteHeader(http.StatusNotFound)
		fmt.Fprint(out, `<Error><Code>NoSuchKey</Code><Message>no</Message></Error>`)
	}
}

func setUp(t *testing.T) (*world, *trail.Reader) {
	t.Helper()
	w := &world{}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_REGION": "eu-west-1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	r, err := trail.Open(t.Context(), trail.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w, r
}

func TestReader(t *testing.T) {
	w, r := setUp(t)
	body, metadata, err := r.Get(t.Context(), "logs", "there")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil || string(text) != "as it lies there" || metadata["signature"] != "00" {
		t.Errorf("%q %v %v", text, metadata, err)
	}
	if !slices.Contains(w.asked, "GET /logs/there eu-north-1") {
		t.Errorf("%v: a bucket is read in its Region, which S3 tells beside a refusal too", w.asked)
	}
	if _, _, err := r.Get(t.Context(), "logs", "gone"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := r.Get(t.Context(), "gone", "key"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, _, err := r.Get(t.Context(), "logs", "denied"); err == nil || err.Error() != "AccessDenied: no" {
		t.Error(err)
	}
	if folders, err := r.Folders(t.Context(), "logs", "AWSLogs/"); err != nil || !slices.Equal(folders, []string{"a", "b"}) {
		t.Error(folders, err)
	}
	var keys []string
	for key, err := range r.Keys(t.Context(), "logs", "AWSLogs/", "marker") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	if !slices.Equal(keys, []string{"after marker", "last"}) {
		t.Error(keys)
	}
}

func TestCloudTrail(t *testing.T) {
	w, r := setUp(t)
	if _, _, _, err := r.Trail(t.Context(), "us-east-2", "arn:x"); err == nil || !strings.Contains(err.Error(), "there is no trail arn:x") {
		t.Error(err)
	}
	keys, err := r.PublicKeys(t.Context(), "ap-south-1", time.Unix(1, 0), time.Unix(2, 0))
	if err != nil || len(keys) != 2 || string(keys[0])+string(keys[1]) != "ab" {
		t.Errorf("%q %v", keys, err)
	}
	if !slices.Contains(w.asked, "GetTrail us-east-2") || !slices.Contains(w.asked, "ListPublicKeys ap-south-1") {
		t.Error(w.asked)
	}
}

// TestOnlyReads: what is not on the list does not leave the process.
func TestOnlyReads(t *testing.T) {
	w, _ := setUp(t)
	c, err := aws.Reading(t.Context(), aws.Options{}, "s3.GetObject")
	if err != nil {
		t.Fatal(err)
	}
	bucket, key := "logs", "there"
	_, err = s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	var refused *aws.RefusedError
	if !errors.As(err, &refused) || len(w.asked) > 0 {
		t.Errorf("%v, %v", err, w.asked)
	}
}
