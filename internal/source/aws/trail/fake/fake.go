// Package fake is an S3 and an SQS inside the test's own process, which speak HTTP as
// the real ones do, as far as reading logs goes: listing in pages, objects in ranges,
// queues that hide what was received. It can be told to fail. The real SDK talks to it
// by AWS_ENDPOINT_URL, or trail.Options.Endpoint.
package fake

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Server holds buckets and queues. The zero Server is empty; Start it.
type Server struct {
	URL string
	// Fail, where it gives a code, makes a request fail so: 503 SlowDown, 403 AccessDenied.
	Fail func(r *http.Request) (status int, code string)
	// Cut is after how many bytes an answer with an object breaks off, 0 never.
	Cut func(key string) int
	// Page is how many keys a page of a listing has; 0 is 1,000.
	Page int

	mu      sync.Mutex
	buckets map[string]map[string][]byte
	queues  map[string]*queue
	asked   []string
	now     time.Time // of the queues
}

type queue struct {
	messages []*message
	n        int
}

type message struct {
	body, receipt string
	hidden        time.Time
}

// Start serves until the test ends.
func (s *Server) Start(t interface {
	Cleanup(func())
	Setenv(key, value string)
}) {
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.URL = web.URL
	for key, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "", "AWS_REGION": "eu-west-1",
		"AWS_ENDPOINT_URL": web.URL, "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "",
		"AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(key, value)
	}
}

// Put lays an object down.
func (s *Server) Put(bucket, key string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets == nil {
		s.buckets = map[string]map[string][]byte{}
	}
	if s.buckets[bucket] == nil {
		s.buckets[bucket] = map[string][]byte{}
	}
	s.buckets[bucket][key] = content
}

// Send puts a message into a queue, and gives the queue's URL.
func (s *Server) Send(name, body string) (url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues == nil {
		s.queues = map[string]*queue{}
	}
	q := s.queues["/111122223333/"+name]
	if q == nil {
		q = &queue{}
		s.queues["/111122223333/"+name] = q
	}
	if body != "" {
		q.messages = append(q.messages, &message{body: body})
	}
	return s.URL + "/111122223333/" + name
}

// Left is how many messages a queue has, hidden ones too.
func (s *Server) Left(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queues["/111122223333/"+name].messages)
}

// Later lets time pass for the queues.
func (s *Server) Later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// Asked lists the requests so far: GET key, LIST prefix, and the actions of SQS.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Fail != nil {
		if status, code := s.Fail(r); code != "" {
			refuse(w, r, status, code)
			return
		}
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		s.sqs(w, r, strings.TrimPrefix(target, "AmazonSQS."))
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	objects, ok := s.buckets[bucket]
	objects = maps.Clone(objects)
	s.mu.Unlock()
	switch {
	case !ok:
		refuse(w, r, http.StatusNotFound, "NoSuchBucket")
	case key == "":
		s.list(w, r, bucket, objects)
	default:
		s.object(w, r, key, objects)
	}
}

func (s *Server) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	if r.Header.Get("X-Amz-Target") != "" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":"refused by the test"}`, code)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>refused by the test</Message></Error>`, code)
	}
}

type listed struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	Contents              []content
	CommonPrefixes        []common
}

type content struct {
	Key  string
	Size int
}

type common struct{ Prefix string }

func (s *Server) list(w http.ResponseWriter, r *http.Request, bucket string, objects map[string][]byte) {
	q := r.URL.Query()
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	after := max(q.Get("start-after"), q.Get("continuation-token"))
	s.note("LIST " + prefix)
	out := listed{Name: bucket}
	most := s.Page
	if most <= 0 {
		most = 1000
	}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		name := key
		if delimiter != "" {
			if i := strings.Index(key[len(prefix):], delimiter); i >= 0 {
				name = key[:len(prefix)+i+len(delimiter)]
			}
		}
		if name != key && (name == last || strings.HasPrefix(after, name)) {
			continue
		}
		if out.KeyCount == most {
			out.IsTruncated, out.NextContinuationToken = true, last
			break
		}
		if last = name; name == key {
			out.Contents = append(out.Contents, content{key, len(objects[key])})
		} else {
			out.CommonPrefixes = append(out.CommonPrefixes, common{name})
		}
		out.KeyCount++
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out) // to the test's own client
}

func (s *Server) object(w http.ResponseWriter, r *http.Request, key string, objects map[string][]byte) {
	b, ok := objects[key]
	s.note("GET " + key)
	if !ok {
		refuse(w, r, http.StatusNotFound, "NoSuchKey")
		return
	}
	sum := md5.Sum(b)
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	if m := r.Header.Get("If-Match"); m != "" && m != etag {
		refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	status, at := http.StatusOK, 0
	if from, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		at, _ = strconv.Atoi(strings.TrimSuffix(from, "-"))
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", at, len(b)-1, len(b)))
	}
	rest := b[min(at, len(b)):]
	w.Header().Set("ETag", etag)
	// As CloudTrail does: the object is gzip, and says that it is JSON encoded so.
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
	w.WriteHeader(status)
	if s.Cut != nil {
		if n := s.Cut(key); n > 0 && n < len(rest) {
			_, _ = w.Write(rest[:n])
			panic(http.ErrAbortHandler) // the connection breaks
		}
	}
	_, _ = w.Write(rest)
}

func (s *Server) sqs(w http.ResponseWriter, r *http.Request, action string) {
	var in struct {
		QueueUrl            string
		MaxNumberOfMessages int
		VisibilityTimeout   int
		Entries             []struct {
			Id, ReceiptHandle string
			VisibilityTimeout int
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, r, http.StatusBadRequest, "InvalidParameterValue")
		return
	}
	s.note(action)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[strings.TrimPrefix(in.QueueUrl, s.URL)]
	if q == nil {
		refuse(w, r, http.StatusBadRequest, "QueueDoesNotExist")
		return
	}
	answer := map[string]any{}
	switch action {
	case "ReceiveMessage":
		answer["Messages"] = q.receive(in.MaxNumberOfMessages, s.now, time.Duration(in.VisibilityTimeout)*time.Second)
	case "DeleteMessageBatch", "ChangeMessageVisibilityBatch":
		ok := []map[string]string{}
		for _, e := range in.Entries {
			if action == "DeleteMessageBatch" {
				q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return m.receipt == e.ReceiptHandle })
			} else {
				for _, m := range q.messages {
					if m.receipt == e.ReceiptHandle {
						m.hidden = s.now.Add(time.Duration(e.VisibilityTimeout) * time.Second)
					}
				}
			}
			ok = append(ok, map[string]string{"Id": e.Id})
		}
		answer["Successful"], answer["Failed"] = ok, []any{}
	default:
		refuse(w, r, http.StatusBadRequest, "InvalidAction")
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(answer)
}

func (q *queue) receive(most int, now time.Time, hidden time.Duration) []map[string]string {
	out := []map[string]string{}
	for _, m := range q.messages {
		if len(out) == most || m.hidden.After(now) {
			continue
		}
		q.n++
		m.receipt, m.hidden = fmt.Sprintf("r%d", q.n), now.Add(hidden)
		sum := md5.Sum([]byte(m.body))
		out = append(out, map[string]string{"MessageId": fmt.Sprint(q.n), "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": hex.EncodeToString(sum[:])})
	}
	return out
}
