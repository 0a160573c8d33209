package cloudtrail

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Created is an object that a notification says is new.
type Created struct{ Bucket, Key string }

// mostNotice is more than SQS carries.
const mostNotice = 1 << 20

// Notice reads a notification: an S3 event, one that came through SNS, one from
// EventBridge, or what CloudTrail itself tells SNS. A message that names no new object
// (the test message of S3, a deletion) gives none. Source: S3 User Guide, "Event message
// structure" and "Using EventBridge"; CloudTrail User Guide, "Configuring Amazon SNS
// notifications".
func Notice(body []byte) ([]Created, error) { return notice(body, 0) }

func notice(body []byte, level int) ([]Created, error) {
	if len(body) > mostNotice {
		return nil, fmt.Errorf("a notification of %d bytes; %d is the most", len(body), mostNotice)
	}
	var m struct {
		Records []struct {
			EventName string `json:"eventName"`
			S3        struct {
				Bucket struct{ Name string } `json:"bucket"`
				Object struct{ Key string }  `json:"object"`
			} `json:"s3"`
		} `json:"Records"`
		Event      string   // of the test message
		Message    *string  // of SNS
		Bucket     string   `json:"s3Bucket"` // of CloudTrail
		Keys       []string `json:"s3ObjectKey"`
		DetailType string   `json:"detail-type"` // of EventBridge
		Source     string   `json:"source"`
		Detail     struct {
			Bucket struct{ Name string } `json:"bucket"`
			Object struct{ Key string }  `json:"object"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("a notification that is not understood: %w", err)
	}
	var out []Created
	switch {
	case m.Message != nil:
		if level > 0 {
			return nil, errors.New("a notification within a notification within another")
		}
		return notice([]byte(*m.Message), level+1)
	case m.Event == "s3:TestEvent", m.Source == "aws.s3" && m.DetailType != "Object Created":
		return nil, nil
	case m.Source == "aws.s3":
		out = []Created{{m.Detail.Bucket.Name, m.Detail.Object.Key}}
	case m.Bucket != "":
		for _, k := range m.Keys {
			out = append(out, Created{m.Bucket, k})
		}
	case m.Records != nil:
		for _, r := range m.Records {
			if !strings.HasPrefix(strings.TrimPrefix(r.EventName, "s3:"), "ObjectCreated:") {
				continue
			}
			key, err := url.QueryUnescape(r.S3.Object.Key)
			if err != nil {
				return nil, fmt.Errorf("a notification about the key %q: %w", r.S3.Object.Key, err)
			}
			out = append(out, Created{r.S3.Bucket.Name, key})
		}
	default:
		return nil, errors.New("a notification that is none of S3, SNS, EventBridge or CloudTrail")
	}
	for _, o := range out {
		if o.Bucket == "" || o.Key == "" {
			return nil, errors.New("a notification that names no bucket or no key")
		}
	}
	return out, nil
}
