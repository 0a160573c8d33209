package trail_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/aws/trail/fake"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

func s3Event(keys ...string) string {
	var records []string
	for _, k := range keys {
		records = append(records, fmt.Sprintf(`{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":%q,"size":1}}}`, url.QueryEscape(k)))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func sns(message string) string {
	b, _ := json.Marshal(map[string]string{"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Message": message})
	return string(b)
}

// TestFollowingAQueue: every form of notification, a restart before and after the
// checkpoint, a file that fails, and messages that concern nobody.
func TestFollowingAQueue(t *testing.T) {
	s := &fake.Server{}
	c := connect(t, s)
	keys := make([]string, 6)
	m := trailtest.New(3, 1000)
	for i := range keys {
		keys[i] = key("pre fix/", trailtest.Accounts[0], trailtest.Regions[0], day.Add(time.Duration(i)*time.Minute), "x")
		s.Put("logs", keys[i], trailtest.Gzip(m.File(10)))
	}
	digest := strings.ReplaceAll(keys[0], "CloudTrail", "CloudTrail-Digest")
	for _, body := range []string{
		s3Event(keys[0], keys[1]), sns(s3Event(keys[2])),
		fmt.Sprintf(`{"version":"0","detail-type":"Object Created","source":"aws.s3","detail":{"bucket":{"name":"logs"},"object":{"key":%q}}}`, keys[3]),
		sns(fmt.Sprintf(`{"s3Bucket":"logs","s3ObjectKey":[%q]}`, keys[4])),
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}`, s3Event(digest), s3Event(keys[0]),
		`{"version":"0","detail-type":"Object Deleted","source":"aws.s3","detail":{}}`, "what is this",
	} {
		s.Send("q", body)
	}
	queueURL := s.Send("q", "")
	checkpoint := filepath.Join(t.TempDir(), "c.json")
	odd := 0
	start := func() *cloudtrail.Follower {
		q, err := c.Queue(queueURL)
		if err != nil {
			t.Fatal(err)
		}
		q.Wait = 0
		f := &cloudtrail.Follower{
			Finder: &cloudtrail.Notified{Queue: q, Odd: func(error) { odd++ }, Bucket: func(name string) (cloudtrail.Bucket, error) { return c.Bucket(t.Context(), name) }},
			Source: queueURL, Checkpoint: checkpoint, Every: -1,
		}
		if _, err := f.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := start()
	files, err := f.Next(t.Context())
	if err != nil || len(files) != 5 || odd != 1 {
		t.Fatal(files, err, odd)
	}
	if left := s.Left("q"); left != 6 { // those that concern nobody are gone
		t.Errorf("%d messages left", left)
	}
	// The process dies: nothing was done, all comes again once the messages show.
	f = start()
	if files, err = f.Next(t.Context()); err != nil || len(files) != 0 {
		t.Fatal(files, err)
	}
	s.Later(10 * time.Minute)
	if files, err = f.Next(t.Context()); err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	ids, faults, _ := read(t, files, 2)
	if len(ids) != 50 || len(faults) > 0 {
		t.Fatal(len(ids), faults)
	}
	if err := f.Done(t.Context(), files[1:], nil); err != nil { // the first failed
		t.Fatal(err)
	}
	if left := s.Left("q"); left != 3 { // two that tell of the first, and the odd one
		t.Errorf("%d messages left", left)
	}
	// A message that comes again after its file was done is deleted.
	s.Send("q", s3Event(keys[4]))
	s.Later(10 * time.Minute)
	f = start()
	if files, err = f.Next(t.Context()); err != nil || len(files) != 1 || !strings.HasSuffix(files[0].Name, keys[0]) {
		t.Fatal(files, err)
	}
	if err := f.Done(t.Context(), files, nil); err != nil {
		t.Fatal(err)
	}
	if left := s.Left("q"); left != 1 {
		t.Errorf("%d messages left", left)
	}
}

func TestQueueThatIsNone(t *testing.T) {
	c := connect(t, &fake.Server{})
	for _, name := range []string{"", "queue", "https://sqs.eu-west-1.amazonaws.com/", "::"} {
		if _, err := c.Queue(name); err == nil {
			t.Errorf("%q passes", name)
		}
	}
	q, err := c.Queue("http://localhost/111122223333/none")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := q.Receive(t.Context()); err == nil || !strings.Contains(err.Error(), "check the URL") {
		t.Errorf("%v", err)
	}
}

// TestFollowingABucket takes what is new at each look.
func TestFollowingABucket(t *testing.T) {
	s := &fake.Server{}
	m := trailtest.New(3, 1000)
	put := func(minute int) {
		s.Put("logs", key("", trailtest.Accounts[minute%2], trailtest.Regions[minute%3], day.Add(time.Duration(minute)*time.Minute), fmt.Sprint(minute)), trailtest.Gzip(m.File(5)))
	}
	put(1)
	put(2)
	b := bucket(t, connect(t, s))
	checkpoint := filepath.Join(t.TempDir(), "c.json")
	seen := map[string]int{}
	for round := range 6 {
		f := &cloudtrail.Follower{Finder: &cloudtrail.Remote{Bucket: b, Name: "logs"}, Source: "s3://logs", Checkpoint: checkpoint, Every: -1, Settle: 20 * time.Minute}
		if _, err := f.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		for {
			files, err := f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if files == nil {
				break
			}
			ids, faults, _ := read(t, files, 2)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			for _, id := range ids {
				seen[id]++
			}
			if err := f.Done(t.Context(), files, nil); err != nil {
				t.Fatal(err)
			}
		}
		put(10 + round*15)
		put(8 + round*15) // somewhat late
	}
	if len(seen) != 60 {
		t.Errorf("%d events", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// TestNoticeOfABucketThatCannotBeReached: the message stays, and comes again.
func TestNoticeOfABucketThatCannotBeReached(t *testing.T) {
	s := &fake.Server{}
	c := connect(t, s)
	k := key("", trailtest.Accounts[0], trailtest.Regions[0], day, "x")
	s.Put("logs", k, trailtest.Gzip(trailtest.New(1, 10).File(1)))
	q, err := c.Queue(s.Send("q", s3Event(k)))
	if err != nil {
		t.Fatal(err)
	}
	q.Wait = 0
	down, odd := true, 0
	n := &cloudtrail.Notified{Queue: q, Odd: func(error) { odd++ }, Bucket: func(name string) (cloudtrail.Bucket, error) {
		if down {
			return nil, errors.New("no way there")
		}
		return c.Bucket(t.Context(), name)
	}}
	if files, err := n.Find(t.Context(), time.Time{}); err != nil || len(files) != 0 || odd != 1 || s.Left("q") != 1 {
		t.Fatal(files, err, odd, s.Left("q"))
	}
	down = false
	s.Later(10 * time.Minute)
	files, err := n.Find(t.Context(), time.Time{})
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := n.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Later(4 * time.Minute)
	if again, _ := n.Find(t.Context(), time.Time{}); len(again) != 0 {
		t.Error("the message shows while its file is read")
	}
}
