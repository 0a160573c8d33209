package detect_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// recording is one file of records of attacks that were really made.
type recording struct {
	name    string
	records [][]byte
}

// recordings reads an archive of them, or skips where it is not at hand.
func recordings(t *testing.T, archive string) (all []recording) {
	t.Helper()
	f, err := os.Open("/work/shared/data/cloudtrail/" + archive)
	if err != nil {
		t.Skipf("the recorded attacks are not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, recording{strings.TrimSuffix(path.Base(h.Name), ".json"), split(t, content)})
	}
}

// split cuts a file into records, in the order of their times.
func split(t *testing.T, content []byte) (records [][]byte) {
	t.Helper()
	var log struct{ Records []json.RawMessage }
	var err error
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("[")) {
		err = json.Unmarshal(content, &log.Records)
	} else {
		err = json.Unmarshal(content, &log)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Records {
		records = append(records, r)
	}
	at := func(record []byte) string {
		var r struct{ EventTime string }
		_ = json.Unmarshal(record, &r)
		return r.EventTime
	}
	slices.SortStableFunc(records, func(a, b []byte) int { return strings.Compare(at(a), at(b)) })
	return records
}

// found runs records through all detections and counts the alerts of each. What
// analytics need beside the records is not known here.
func found(t *testing.T, all []detect.Detection, o detect.Options, records [][]byte) map[string]int {
	t.Helper()
	d, _, err := detect.New(all, o)
	if err != nil {
		t.Fatal(err)
	}
	alerts := map[string]int{}
	count := func(a finding.Alert) error {
		alerts[a.Rule]++
		if a.Resource == "" || a.Message == "" || a.Time.Before(time.Unix(0, 0)) {
			t.Errorf("an alert of %s lacks its resource, message or time: %+v", a.Rule, a)
		}
		return nil
	}
	w, seen := d.Worker(), &detect.Seen{}
	for _, record := range records {
		e := detect.NewRaw(record)
		seen.Reset()
		w.Look(0, e, seen)
		if err := d.Take(0, e, seen, count); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Flush(count); err != nil {
		t.Fatal(err)
	}
	return alerts
}

// techniques names, for the log of each technique of Stratus Red Team that there is,
// the detections that find it. Where a step is found by its own, all of them are named.
var techniques = map[string][]string{
	"aws.credential-access.ec2-get-password-data":                 {"windows-passwords-read"},
	"aws.credential-access.ec2-steal-instance-credentials":        {"shell-command-sent"},
	"aws.credential-access.secretsmanager-batch-retrieve-secrets": {"secrets-read-by-filter"},
	"aws.credential-access.secretsmanager-retrieve-secrets":       {"many-secrets-read"},
	"aws.credential-access.ssm-retrieve-securestring-parameters":  {"many-parameters-decrypted"},
	"aws.defense-evasion.cloudtrail-delete":                       {"trail-deleted"},
	"aws.defense-evasion.cloudtrail-event-selectors":              {"trail-selectors-narrowed"},
	"aws.defense-evasion.cloudtrail-stop":                         {"trail-stopped"},
	"aws.defense-evasion.dns-delete-logs":                         {"dns-logs-removed"},
	"aws.defense-evasion.organizations-leave":                     {"account-left-organisation"},
	"aws.defense-evasion.vpc-remove-flow-logs":                    {"flow-logs-deleted"},
	"aws.discovery.ec2-download-user-data":                        {"user-data-read-from-many"},
	"aws.execution.ec2-launch-unusual-instances":                  {"gpu-instances-requested"},
	"aws.execution.ec2-user-data":                                 {"user-data-changed"},
	"aws.execution.ssm-send-command":                              {"shell-command-sent"},
	"aws.execution.ssm-start-session":                             {"sessions-on-many-instances"},
	"aws.exfiltration.ec2-security-group-open-port-22-ingress":    {"security-group-opened"},
	"aws.exfiltration.ec2-share-ami":                              {"ami-shared"},
	"aws.exfiltration.ec2-share-ebs-snapshot":                     {"ebs-snapshot-shared"},
	"aws.exfiltration.rds-share-snapshot":                         {"db-snapshot-shared"},
	"aws.impact.bedrock-invoke-model":                             {"model-access-enabled"},
	"aws.initial-access.console-login-without-mfa":                {"console-login-without-mfa"},
	"aws.lateral-movement.ec2-instance-connect":                   {"ssh-keys-pushed-to-many"},
	"aws.lateral-movement.ec2-serial-console-send-ssh-public-key": {"serial-console-enabled", "serial-console-used"},
	"aws.persistence.iam-backdoor-role":                           {"role-trust-outside-account"},
	"aws.persistence.iam-backdoor-user":                           {"access-key-for-another-user"},
	"aws.persistence.iam-create-admin-user":                       {"user-created", "admin-policy-attached", "access-key-for-another-user"},
	"aws.persistence.iam-create-backdoor-role":                    {"role-trust-outside-account", "admin-policy-attached"},
	"aws.persistence.iam-create-user-login-profile":               {"login-profile-created"},
	"aws.persistence.lambda-backdoor-function":                    {"function-policy-public"},
	"aws.persistence.lambda-layer-extension":                      {"function-layer-added"},
	"aws.persistence.lambda-overwrite-code":                       {"function-code-replaced"},
	"aws.persistence.rolesanywhere-create-trust-anchor":           {"roles-anywhere-trust-changed"},
	"aws.persistence.sts-federation-token":                        {"federation-token-created"},
	"aws.privilege-escalation.iam-update-user-login-profile":      {"login-profile-updated"},
}

// TestStratus looks for every technique of Stratus Red Team whose log is at hand. The
// detections of tools by their name do not count: an attacker gives his another one.
func TestStratus(t *testing.T) {
	logs := recordings(t, "stratus-detonation-logs.tar.gz")
	all, o := knowledge(t)
	if len(logs) < len(techniques) {
		t.Errorf("%d logs of %d techniques", len(logs), len(techniques))
	}
	for _, log := range logs {
		t.Run(log.name, func(t *testing.T) {
			want, ok := techniques[log.name]
			if !ok {
				t.Fatalf("no detection is named for %s", log.name)
			}
			alerts := found(t, all, o, log.records)
			for _, name := range want {
				if alerts[name] == 0 {
					t.Errorf("%s does not find it; these do: %v", name, alerts)
				}
			}
		})
	}
}

// TestInvictus looks for the steps of an attack that ran through an account within an
// hour, among some thousand records of setting it up.
func TestInvictus(t *testing.T) {
	var records [][]byte
	for _, file := range recordings(t, "invictus-attack-logs.tar.gz") {
		records = append(records, file.records...)
	}
	all, o := knowledge(t)
	alerts := found(t, all, o, records)
	for _, name := range []string{
		"access-key-for-another-user", "admin-policy-attached", "ami-shared", "bucket-policy-shared", "db-snapshot-shared", "ebs-snapshot-shared",
		"flow-logs-deleted", "function-code-replaced", "function-policy-public", "gpu-instances-requested", "lifecycle-expires-soon",
		"login-profile-created", "many-parameters-decrypted", "many-secrets-read", "role-trust-outside-account", "roles-anywhere-trust-changed",
		"security-group-opened", "shell-command-sent", "trail-deleted", "trail-selectors-narrowed", "user-created", "user-data-read-from-many",
		"windows-passwords-read",
	} {
		if alerts[name] == 0 {
			t.Errorf("%s finds nothing", name)
		}
	}
	total := 0
	for name, n := range alerts {
		if name != "attack-tool" { // speaks of each call: all of them are the tool's
			total += n
		}
	}
	t.Logf("%d alerts of %d detections in %d records: %v", total, len(alerts), len(records), alerts)
	if total > len(records)/20 {
		t.Errorf("%d alerts in %d records is noise", total, len(records))
	}
}
