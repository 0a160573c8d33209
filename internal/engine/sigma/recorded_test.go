package sigma_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// TestRecorded counts in the logs of real attacks, with rules and with
// encoding/json.
func TestRecorded(t *testing.T) {
	records := recorded(t)
	want := map[string]int{}
	names := map[string]bool{}
	for _, raw := range records {
		var r struct {
			EventName, EventSource, ErrorCode string
			UserIdentity                      struct{ Type, ARN string }
			ReadOnly                          bool
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		names[r.EventName] = true
		want["call "+r.EventName]++
		if r.ErrorCode == "" {
			want["no error"]++
		}
		if strings.Contains(strings.ToLower(r.UserIdentity.ARN), "user/") && !r.ReadOnly {
			want["writes of users"]++
		}
		if strings.HasPrefix(r.EventSource, "iam.") && r.ErrorCode != "" {
			want["errors of IAM"]++
		}
	}
	rule := func(title, detection string) string {
		return fmt.Sprintf("title: %s\nlogsource: {product: aws}\ndetection: %s\n", title, detection)
	}
	rules := []string{
		rule("no error", `{s: {errorCode: null}, condition: s}`),
		rule("writes of users", `{s: {userIdentity.arn|contains: USER/}, f: {readOnly: true}, condition: s and not f}`),
		rule("errors of IAM", `{s: {eventSource|startswith: iam., errorCode|exists: true}, condition: s}`),
	}
	for name := range names {
		rules = append(rules, rule("call "+name, fmt.Sprintf(`{s: {eventName: %s}, condition: s}`, strings.ToUpper(name))))
	}
	m := compiled(t, sigma.Options{}, rules...).Matcher()
	got := map[string]int{}
	for _, raw := range records {
		for _, title := range titles(m, string(raw)) {
			got[title]++
		}
	}
	for title, n := range want {
		if got[title] != n {
			t.Errorf("%s: %d by rule, %d by count", title, got[title], n)
		}
	}
	if len(records) < 3000 || len(names) < 50 || want["errors of IAM"] == 0 || want["writes of users"] == 0 {
		t.Errorf("%d records with %d calls tell little: %v", len(records), len(names), want)
	}
}
