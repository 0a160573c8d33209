package detect

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// base is the plain record of CloudTrail that events of examples are laid over.
var base = map[string]any{
	"eventVersion": "1.11", "eventType": "AwsApiCall", "eventCategory": "Management", "managementEvent": true, "readOnly": false,
	"awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.1",
	"recipientAccountId": "111122223333",
	"userIdentity": map[string]any{
		"type": "AssumedRole", "principalId": "AROAEXAMPLEID:deploy", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/deploy",
		"accountId": "111122223333", "accessKeyId": "ASIAEXAMPLEKEYID0001",
		"sessionContext": map[string]any{
			"sessionIssuer": map[string]any{
				"type": "Role", "principalId": "AROAEXAMPLEID", "arn": "arn:aws:iam::111122223333:role/deploy", "accountId": "111122223333", "userName": "deploy"},
			"attributes": map[string]any{"mfaAuthenticated": "false", "creationDate": "2026-01-15T09:30:00Z"},
		},
	},
}

// step says when an event of an example comes, and how often.
type step struct {
	after, every time.Duration
	repeat       int
}

func stepOf(event map[string]any) (step, error) {
	s := step{time.Second, time.Second, 1}
	for _, key := range []struct {
		name string
		to   *time.Duration
	}{{afterKey, &s.after}, {everyKey, &s.every}} {
		v, ok := event[key.name]
		if !ok {
			continue
		}
		var err error
		if *key.to, err = duration(fmt.Sprint(v)); err != nil {
			return s, fmt.Errorf("%s: %w", key.name, err)
		}
	}
	if v, ok := event[repeatKey]; ok {
		n, whole := v.(int64)
		if !whole || n < 1 || n > mostRepeats {
			return s, fmt.Errorf("%s has to be a number from 1 to %d", repeatKey, mostRepeats)
		}
		s.repeat = int(n)
	}
	return s, nil
}

// duration reads 90s, 10m, 2h30m and, for days, 14d.
func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || d < 0 || d > 1000*24*time.Hour {
		return 0, fmt.Errorf("%q is no duration such as 90s, 10m, 2h or 14d", s)
	}
	return d, nil
}

// Sequence gives the events of an example in their order. Those of CloudTrail are laid
// over a plain record; those of other logs are taken as they are.
func (x *Example) Sequence(log sigma.LogSource) iter.Seq2[time.Time, map[string]any] {
	return func(yield func(time.Time, map[string]any) bool) { x.each(log, yield) }
}

func (x *Example) each(log sigma.LogSource, yield func(at time.Time, event map[string]any) bool) {
	at, position := exampleStart, 0
	for k, written := range x.Events {
		s, err := stepOf(written)
		if err != nil {
			continue // it was refused when the file was read
		}
		for n := range s.repeat {
			switch {
			case n > 0:
				at = at.Add(s.every)
			case k > 0:
				at = at.Add(s.after)
			}
			event := lay(written, n+1)
			if log.Service == Trail.Service {
				event = overBase(event, at, position)
			}
			if own, ok := event["eventTime"].(string); ok {
				if t, err := time.Parse(time.RFC3339, own); err == nil {
					at = t
				}
			}
			if position++; !yield(at, event) {
				return
			}
		}
	}
}

// lay copies an event without its helpers, with %n replaced.
func lay(written map[string]any, n int) map[string]any {
	out := make(map[string]any, len(written))
	for name, v := range written {
		if name != afterKey && name != repeatKey && name != everyKey {
			out[name] = number(v, strconv.Itoa(n))
		}
	}
	return out
}

// number replaces %n in every text of a value.
func number(v any, n string) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "%n", n)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = number(v[i], n)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name := range v {
			out[strings.ReplaceAll(name, "%n", n)] = number(v[name], n)
		}
		return out
	}
	return v
}

// overBase lays an event over the base record: its keys replace, null removes.
func overBase(event map[string]any, at time.Time, position int) map[string]any {
	out := maps.Clone(base)
	out["eventTime"] = at.UTC().Format(time.RFC3339)
	out["eventID"] = fmt.Sprintf("00000000-0000-4000-8000-%012d", position+1)
	for name, v := range event {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	return out
}

// jsonOf is the text of an event.
func jsonOf(event map[string]any) []byte {
	data, err := json.Marshal(event)
	if err != nil {
		return []byte("{}") // texts, numbers, lists and mappings always go
	}
	return data
}
