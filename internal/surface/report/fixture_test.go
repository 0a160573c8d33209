package report

import (
	"fmt"
	"iter"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/operate/risk"
)

var now = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// hostile are strings an attacker can put into names, tags and templates.
var hostile = []string{
	"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>",
	"=cmd|' /C calc'!A0",
	"+1+1", "@SUM(A1)", " -2+3", "\t=1+1", "\uff1d1+1",
	"line one\nline two\r\nline three",
	"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil\x1b\\link",
	"\u009b31mC1\u009d0;x\u009c",
	"user\u202etxt.exe\u2066\u2069\u200f",
	"zero\u200bwidth\ufeff\U000e0041",
	"]]> <!-- --> &lt; &amp; {{.}} { js() }",
	"a|b `code` ``x`` *bold* [l](javascript:alert(1)) @admin #12 https://evil.example",
	"bad utf8 \xff\xfe\xc3",
	"名前の広いバケット 🏰👩‍👩‍👧 é",
	"'; DROP TABLE x; --", "\x00nul", "\x7f\b\b\b",
}

func pct(s review.Score) *int {
	if p, ok := s.Percent(); ok {
		return &p
	}
	return nil
}

func mk(rule, title string, sev finding.Severity, v finding.Verdict, typ, res, account, region, msg string, practices ...string) finding.Finding {
	f := finding.Finding{
		ID: finding.Identify(rule, account, region, res, ""), Rule: rule, Title: title, Severity: sev, Verdict: v, Type: typ, Resource: res,
		Account: account, Region: region, Message: msg, Practices: practices, Objective: "example-objective",
	}
	if typ == "AWS::S3::Bucket" {
		f.ARN = "arn:aws:s3:::" + res
	}
	if v == finding.Fail || v == finding.Excepted || v == finding.Prevented {
		f.State = finding.State{Status: finding.Open, FirstSeen: now.Add(-240 * time.Hour), LastSeen: now, Opened: now.Add(-240 * time.Hour), Due: now.Add(20 * 24 * time.Hour)}
	}
	return f
}

// someFindings has every verdict, status and kind of place.
func someFindings() []finding.Finding {
	list := []finding.Finding{
		mk("root-account-mfa-enabled", "The root user has MFA", finding.Critical, finding.Fail, "Holdfast::Account::Root", "111122223333", "111122223333", "global", "the root user signs in without MFA", "BP02"),
		mk("s3-bucket-public-read-prohibited", "S3 buckets do not allow public read", finding.Critical, finding.Fail, "AWS::S3::Bucket", "customer-exports", "222233334444", "eu-west-1", "the bucket policy allows s3:GetObject to everybody (statement \"PublicRead\")", "BP02", "BP06"),
		mk("restricted-ssh", "Security groups do not open SSH to the internet", finding.High, finding.Fail, "AWS::EC2::SecurityGroup", "sg-0a1b2c3d4e5f60718", "222233334444", "eu-central-1", "ingress rule 2 allows tcp/22 from 0.0.0.0/0", "BP06"),
		mk("guardduty-enabled-centralized", "GuardDuty is on in every Region", finding.High, finding.Unknown, "Holdfast::GuardDuty::RegionStatus", "eu-north-1", "333344445555", "eu-north-1", "not seen: guardduty:ListDetectors denied", "BP04"),
		mk("encrypted-volumes", "EBS volumes are encrypted", finding.Medium, finding.Excepted, "AWS::EC2::Volume", "vol-0123456789abcdef0", "222233334444", "eu-west-1", "the volume is not encrypted", "BP06"),
		mk("cloudtrail-enabled", "CloudTrail cannot be switched off", finding.High, finding.Prevented, "AWS::CloudTrail::Trail", "org-trail", "111122223333", "us-east-1", "an administrator could stop the trail", "BP01"),
		mk("access-keys-rotated", "Access keys are younger than 90 days", finding.Medium, finding.Pass, "AWS::IAM::User", "build", "222233334444", "global", "", "BP02"),
		mk("rds-storage-encrypted", "RDS storage is encrypted", finding.Medium, finding.NotApplicable, "AWS::RDS::DBInstance", "legacy", "222233334444", "eu-west-1", "", "BP06"),
		mk("kms-key-policy-no-public-access", "KMS keys are not public", finding.High, finding.Error, "AWS::KMS::Key", "9a8b7c6d", "222233334444", "cn-north-1", "expression resource.KeyPolicy.Statement: no such overload", "BP06"),
	}
	list[4].Exception, list[5].PreventedBy = "EX-2026-014", "deny-cloudtrail-changes"
	list[2].Status, list[2].FirstSeen = finding.New, now
	tf := mk("s3-bucket-ssl-requests-only", "S3 buckets refuse plain HTTP", finding.Medium, finding.Fail, "AWS::S3::Bucket", "Logs", "", "", "no statement denies aws:SecureTransport false", "BP06")
	tf.ARN, tf.File, tf.Line, tf.Column = "", "stacks/logging/storage stack.yaml", 42, 5
	tf.State = finding.State{}
	reopened := mk("iam-user-mfa-enabled", "IAM users with a password have MFA", finding.High, finding.Fail, "AWS::IAM::User", "名前-alice", "333344445555", "global", "the user has a password and no MFA device", "BP02")
	reopened.Status = finding.Reopened
	resolved := mk("s3-account-level-public-access-blocks", "S3 public access is blocked for the account", finding.High, finding.Pass, "AWS::S3::AccountPublicAccessBlock", "444455556666", "444455556666", "global", "", "BP06")
	resolved.State = finding.State{Status: finding.Resolved, FirstSeen: now.Add(-480 * time.Hour), LastSeen: now.Add(-24 * time.Hour), Resolved: now}
	return append(list, tf, reopened, resolved, detected())
}

// detected is what the alerts of a detection add up to.
func detected() finding.Finding {
	f := mk("trail-logging-stopped", "A trail was stopped", finding.High, finding.Fail, "Holdfast::Activity", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", "111122223333", "eu-west-1",
		"arn:aws:iam::111122223333:user/eve stopped the trail main", "BP04")
	f.Kind, f.ARN, f.Alerts, f.Techniques, f.Playbook = finding.Detection, f.Resource, 3, []string{"T1685.002", "T1070"}, "trail-tampered"
	f.State = finding.State{Status: finding.New, FirstSeen: now.Add(-5 * time.Hour), LastSeen: now.Add(-4 * time.Hour), Opened: now, Due: now.Add(30 * 24 * time.Hour)}
	return f
}

// hostileFindings puts every hostile string into every free field.
func hostileFindings() []finding.Finding {
	var list []finding.Finding
	for i, h := range hostile {
		f := mk("rule-"+h, h, finding.High, finding.Verdicts[i%len(finding.Verdicts)], "AWS::S3::Bucket", h, "111122223333", "eu-west-1", h, h)
		f.Objective, f.Exception, f.PreventedBy = h, h, h
		f.ARN = "arn:aws:s3:::" + h
		if i%2 == 0 {
			f.File, f.Line = "dir/"+h+".yaml", 3
		}
		list = append(list, f)
	}
	return list
}

func sequence(list []finding.Finding) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		for _, f := range list {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func someMeta() Meta {
	return Meta{
		Tool: "0.1.0", At: now, Root: "/work/repo", Width: 100, Account: "999988887777", Region: "eu-west-1",
		Rules: func(id string) (Rule, bool) {
			if id == "restricted-ssh" {
				return Rule{}, false
			}
			return Rule{
				Description: "Describes " + id + ".", Fix: "Mend " + id + " | see *the guide* <now>.", HelpURI: "https://example.com/controls/help",
				Practices: []string{"BP06"}, Frameworks: map[string][]string{"cis-7.0": {"2.1.4"}, "fsbp": {"S3.2"}}, Tags: []string{"storage"},
			}, true
		},
		Notices: []Notice{{Text: "guardduty:ListDetectors denied in 333344445555/eu-north-1"}, {Error: true, Rule: "kms-key-policy-no-public-access", Text: "evaluation failed"}},
	}
}

func someMatrix() risk.Matrix {
	low, medium, high, critical := risk.Level("Low"), risk.Level("Medium"), risk.Level("High"), risk.Level("Critical")
	return risk.Matrix{
		Likelihood:  risk.Scale{"Very unlikely", "Unlikely", "Possible", "Likely", "Very likely"},
		Consequence: risk.Scale{"Minimal", "Low", "Medium", "High", "Severe"},
		Levels:      []risk.Level{low, medium, high, critical},
		Cells: [][]risk.Level{
			{low, low, low, medium, high},
			{low, low, medium, medium, high},
			{low, low, medium, medium, high},
			{low, medium, medium, high, critical},
			{low, medium, high, critical, critical},
		},
	}
}

// someReview is a mid-sized organisation with something of everything.
func someReview() *review.Review {
	all := someFindings()
	practice := func(id, title, rating string, controls int, s review.Score, c review.Counts, top []finding.Finding, notSeen ...string) review.Practice {
		return review.Practice{ID: id, Title: title, Risk: rating, Score: s, Percent: pct(s), Controls: controls, Verdicts: c, Top: top, NotSeen: notSeen}
	}
	r := &review.Review{
		At:     now,
		Estate: review.Estate{Organization: "o-exampleorg1", Management: "111122223333", Accounts: 12, Regions: []string{"eu-central-1", "eu-north-1", "eu-west-1", "us-east-1"}, Resources: 3482, Types: 61},
		Practices: []review.Practice{
			practice("BP01", "Separate workloads using accounts", "High", 14, review.Score{Passed: 121, Failed: 31, Unknown: 8}, review.Counts{Fail: 37, Unknown: 9, Pass: 402, Prevented: 1, NotApplicable: 12}, all[5:6], "whether one account holds one workload"),
			practice("BP02", "Secure account root user and properties", "High", 18, review.Score{Passed: 94, Failed: 70, Unknown: 4}, review.Counts{Fail: 131, Unknown: 4, Pass: 512, Excepted: 2}, all[:2], "who holds the root credentials, and where"),
			practice("BP03", "Identify and validate control objectives", "High", 0, review.Score{}, review.Counts{}, nil, "control objectives are decisions; write them under objectives/"),
			practice("BP04", "Stay up to date with security threats and recommendations", "High", 11, review.Score{Passed: 58, Failed: 39, Unknown: 24}, review.Counts{Fail: 44, Unknown: 31, Pass: 97}, all[3:4]),
			practice("BP05", "Reduce security management scope", "Medium", 4, review.Score{Passed: 40, Failed: 3}, review.Counts{Fail: 6, Pass: 212}, nil),
			practice("BP06", "Automate deployment of standard security controls", "Medium", 78, review.Score{Passed: 618, Failed: 140, Unknown: 41}, review.Counts{Fail: 529, Unknown: 77, Pass: 6120, Excepted: 5, Prevented: 14, NotApplicable: 830, Error: 1}, all[1:4], "how accounts are made"),
			practice("BP07", "Identify threats and prioritize mitigations using a threat model", "High", 0, review.Score{}, review.Counts{}, nil, "threat models live outside AWS"),
			practice("BP08", "Evaluate and implement new security services and features regularly", "Low", 3, review.Score{}, review.Counts{}, nil, "what was evaluated and turned down"),
		},
		Verdicts:   review.Counts{Pass: 7343, Fail: 747, Unknown: 121, NotApplicable: 842, Prevented: 15, Excepted: 7, Error: 1},
		Severities: review.SeverityCounts{Critical: 9, High: 168, Medium: 401, Low: 143, Info: 26},
		Activity:   someActivity(),
		Matrix:     someMatrix(),
		Risks: []risk.Risk{
			{ID: "root-takeover", Title: "Somebody takes over a root user", Likelihood: 4, Consequence: 5, Level: "Critical", Findings: 9, Accounts: 4, Steps: []string{"base: Possible", "+1: 9 open failures without MFA"}},
			{ID: "data-exposed", Title: "Data in a storage service becomes public", Likelihood: 5, Consequence: 4, Level: "Critical", Findings: 61, Accounts: 7, Steps: []string{"base: Likely", "+1: reachable from the internet"}},
			{ID: "instance-breach", Title: "An instance is broken into from the internet", Likelihood: 4, Consequence: 4, Level: "High", Findings: 112, Accounts: 6},
			{ID: "key-leak", Title: "A long-lived access key leaks", Likelihood: 4, Consequence: 4, Level: "High", Findings: 77, Accounts: 9},
			{ID: "blind", Title: "An attack goes unnoticed because detection is off", Likelihood: 3, Consequence: 5, Level: "High", Findings: 44, Accounts: 8},
			{ID: "ransom", Title: "Backups are destroyed with the data", Likelihood: 2, Consequence: 5, Level: "High", Findings: 18, Accounts: 5},
			{ID: "drift", Title: "Accounts drift from the baseline", Likelihood: 5, Consequence: 2, Level: "Medium", Findings: 210, Accounts: 12},
			{ID: "contact", Title: "AWS cannot reach anybody in an emergency", Likelihood: 2, Consequence: 3, Level: "Medium", Findings: 8, Accounts: 8},
		},
		First: []review.Action{
			{Control: "root-account-mfa-enabled", Title: "The root user has MFA", Severity: "critical", Risk: "Somebody takes over a root user", Level: "Critical", Findings: 4, Accounts: []string{"111122223333", "222233334444", "333344445555", "444455556666"}, Why: "feeds the critical risk that somebody takes over a root user; the management account is among them", Fix: "Register a FIDO2 key for the root user of each account, or remove root credentials centrally.", Next: "holdfast findings list --control root-account-mfa-enabled"},
			{Control: "s3-bucket-public-read-prohibited", Title: "S3 buckets do not allow public read", Severity: "critical", Risk: "Data in a storage service becomes public", Level: "Critical", Findings: 5, Accounts: []string{"222233334444", "333344445555"}, Why: "feeds the critical risk that data becomes public; 5 buckets answer anybody today", Fix: "Turn on Block Public Access for the account, then remove the public statements.", Next: "holdfast findings list --control s3-bucket-public-read-prohibited"},
			{Control: "restricted-ssh", Title: "Security groups do not open SSH to the internet", Severity: "high", Findings: 48, Accounts: []string{"222233334444", "444455556666", "555566667777"}, Why: "feeds the high risk that an instance is broken into", Fix: "Remove 0.0.0.0/0 and ::/0 from port 22; use Session Manager.", Next: "holdfast findings list --control restricted-ssh"},
			{Control: "access-keys-rotated", Title: "Access keys are younger than 90 days", Severity: "medium", Findings: 77, Accounts: []string{"222233334444"}, Why: "feeds the high risk that a key leaks", Fix: "Replace keys with roles; delete what is unused.", Next: "holdfast findings list --control access-keys-rotated"},
			{Control: "guardduty-enabled-centralized", Title: "GuardDuty is on in every Region", Severity: "high", Findings: 31, Accounts: []string{"333344445555"}, Why: "feeds the high risk that an attack goes unnoticed", Fix: "Enable GuardDuty for the organisation with auto-enable ALL.", Next: "holdfast findings list --control guardduty-enabled-centralized"},
			{Control: "security-account-information-provided", Title: "Each account has a security contact", Severity: "medium", Findings: 8, Accounts: []string{"222233334444"}, Why: "AWS has nobody to call", Fix: "Set the security contact in Account Management.", Next: "holdfast findings list --control security-account-information-provided"},
		},
		Exceptions: []review.ExceptionUse{
			{ID: "EX-2026-003", Controls: []string{"s3-bucket-logging-enabled"}, Owner: "web-team", Approver: "ciso", Reason: "static website, logs come from CloudFront", Expires: now.Add(-72 * time.Hour), State: "expired", Covers: 3},
			{ID: "EX-2026-014", Controls: []string{"encrypted-volumes"}, Owner: "data-platform", Approver: "ciso", Reason: "migration to encrypted volumes ends in December", Expires: now.Add(11 * 24 * time.Hour), State: "expiring", Covers: 5},
			{ID: "EX-2026-020", Controls: []string{"restricted-ssh"}, Owner: "lab", Approver: "head of platform", Reason: "honeypot", Expires: now.Add(150 * 24 * time.Hour), State: "live", Covers: 2},
		},
		Changes: &review.Changes{Baseline: "run 2026-11-13T08:00:00Z", New: all[2:3], Fixed: all[11:12], NewCount: 14, FixedN: 52, Unchanged: 733},
	}
	r.Accounts, r.Coverage, r.Controls = someAccounts(), someCoverage(), someControls()
	return r
}

func someAccounts() []review.Posture {
	names := []string{"management", "security-tooling", "log-archive", "network", "shop-prod", "shop-dev", "data-prod", "data-dev", "sandbox-anna", "sandbox-bo", "legacy-erp", "backup"}
	ous := []string{"", "Security", "Security", "Infrastructure", "Workloads/Prod", "Workloads/Dev", "Workloads/Prod", "Workloads/Dev", "Sandbox", "Sandbox", "Workloads/Legacy", "Infrastructure"}
	var out []review.Posture
	for i, name := range names {
		s := review.Score{Passed: 88 - 5*i, Failed: 6 + 4*i, Unknown: i % 4}
		if name == "legacy-erp" {
			s = review.Score{}
		}
		out = append(out, review.Posture{
			ID: fmt.Sprintf("%012d", 111122223333+int64(i)*111111111111%899999999999), Name: name, Path: ous[i], Management: i == 0, Score: s, Percent: pct(s),
			Verdicts:   review.Counts{Pass: 600 - 30*i, Fail: 12 + 9*i, Unknown: 3 * i, NotApplicable: 70},
			Severities: review.SeverityCounts{Critical: i % 3, High: 4 + 2*i, Medium: 10 + 5*i, Low: 8 + i, Info: i},
		})
	}
	out[10].Verdicts, out[10].Severities = review.Counts{}, review.SeverityCounts{}
	return out
}

func someCoverage() review.Coverage {
	var c review.Coverage
	for _, a := range someAccounts() {
		c.Accounts = append(c.Accounts, review.AccountCoverage{ID: a.ID, Name: a.Name, Seen: a.Name != "legacy-erp", Regions: []string{"eu-central-1", "eu-west-1", "us-east-1"}})
	}
	c.Accounts[8].Unseen, c.Accounts[8].Gaps = []string{"ap-southeast-2", "eu-north-1"}, 14
	c.Accounts[10].Regions, c.Accounts[10].Gaps = nil, 1
	c.Types = []review.TypeCoverage{
		{Type: "AWS::EC2::SecurityGroup", Resources: 412, Controls: 6}, {Type: "AWS::IAM::Role", Resources: 903, Controls: 4}, {Type: "AWS::S3::Bucket", Resources: 187, Controls: 14, Gaps: 2},
		{Type: "AWS::Redshift::Cluster", Resources: 0, Controls: 9, Gaps: 3},
	}
	c.Gaps = []review.GapGroup{
		{Service: "guardduty", Operation: "ListDetectors", Reason: "denied", Detail: "AccessDeniedException: not authorized to perform guardduty:ListDetectors", Types: []string{"Holdfast::GuardDuty::RegionStatus"}, Accounts: []string{"333344445555", "444455556666"}, Count: 34},
		{Service: "sts", Operation: "AssumeRole", Reason: "denied", Detail: "legacy-erp has no HoldfastRead role", Accounts: []string{"211122223330"}, Count: 1},
		{Service: "redshift", Operation: "DescribeClusters", Reason: "throttled", Types: []string{"AWS::Redshift::Cluster"}, Accounts: []string{"222233334444"}, Count: 3},
		{Service: "config", Operation: "snapshot", Reason: "not-recorded", Types: []string{"AWS::S3::Bucket"}, Accounts: []string{"222233334444"}, Count: 2},
	}
	return c
}

func someControls() []review.ControlScore {
	var out []review.ControlScore
	status := map[finding.Verdict]string{finding.Fail: "FAILED", finding.Unknown: "UNKNOWN", finding.Error: "UNKNOWN", finding.NotApplicable: "NO_DATA"}
	for i, f := range someFindings() {
		s := status[f.Verdict]
		if s == "" {
			s = "PASSED"
		}
		c := review.Counts{Pass: 30 * i, Unknown: i % 3}
		if s == "FAILED" {
			c.Fail = 4 + 7*i
		}
		out = append(out, review.ControlScore{ID: f.Rule, Title: f.Title, Severity: string(f.Severity), Practice: f.Practices, Status: s, Verdicts: c})
	}
	return out
}

// hostileReview puts every hostile string into every free field.
func someActivity() *review.Activity {
	exfiltration := detected()
	exfiltration.Rule, exfiltration.Title, exfiltration.Severity, exfiltration.Alerts = "ebs-snapshot-shared", "A snapshot was shared outside of the organisation", finding.Critical, 1
	exfiltration.Message, exfiltration.Region = "arn:aws:iam::222233334444:user/build shared snap-0123456789abcdef0 with 999900001111", "eu-central-1"
	return &review.Activity{
		Days: 14, Events: 1_204_331, Open: review.SeverityCounts{Critical: 1, High: 1}, Excepted: 3, Gravest: []finding.Finding{exfiltration, detected()},
		Accounts: []review.ActivityCoverage{
			{ID: "111122223333", Name: "management", State: review.ActivityRead, Events: 4_310, ByDay: []int{310, 290, 310, 320, 300, 310, 90, 80, 320, 330, 340, 350, 470, 490},
				Regions: []review.RegionActivity{{Region: "eu-west-1", From: "2026-11-07", To: "2026-11-20", Days: 14, Events: 4_300}, {Region: "us-east-1", From: "2026-11-19", To: "2026-11-20", Days: 2, Events: 10}}},
			{ID: "222233334444", Name: "shop-prod", State: review.ActivityPartly, Events: 1_200_021, Faults: 2, ByDay: []int{0, 0, 0, 0, 0, 0, 90_000, 180_000, 170_000, 150_021, 150_000, 150_000, 150_000, 160_000}, Unread: []string{"eu-north-1"},
				Regions: []review.RegionActivity{{Region: "eu-west-1", From: "2026-11-13", To: "2026-11-20", Days: 8, Events: 1_200_021, Faults: 2}}},
			{ID: "333344445555", State: review.ActivityUnread, ByDay: make([]int, 14), Unread: []string{"eu-west-1"}},
		},
		Integrity: []review.IntegrityCoverage{
			{Account: "111122223333", Trail: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", State: "valid", Verified: "2026-11-20T07:00:00Z", Digests: 24, Logs: 288, Regions: []string{"eu-west-1"}},
			{Account: "222233334444", Trail: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main", State: "invalid", Verified: "2026-11-20T07:00:00Z", Digests: 24, Logs: 287, Missing: 1, Regions: []string{"eu-west-1"}},
		},
		Coverage: review.DetectionCoverage{Detections: 124, Tested: 121, Techniques: 63, Covered: 58, Uncovered: []review.Technique{{ID: "T1525", Name: "Implant Internal Image"}}},
		Off:      []review.OffDetection{{Rule: "impossible-travel", Title: "Impossible travel", Reason: "lacks a geo database"}, {Rule: "mass-object-deletion", Reason: "needs data events of S3, of which nothing was seen", Needs: []string{"data:AWS::S3::Object"}}},
	}
}

func hostileReview() *review.Review {
	all := hostile[0]
	for _, h := range hostile[1:] {
		all += " " + h
	}
	r := someReview()
	r.Estate.Organization, r.Estate.Management = all, all
	for i := range r.Practices {
		p := &r.Practices[i]
		p.ID, p.Title, p.Risk, p.NotSeen, p.Top = hostile[i], all, hostile[i+8], []string{all}, hostileFindings()
	}
	for i := range r.Accounts {
		r.Accounts[i].Name, r.Accounts[i].Path = all, hostile[i]
		r.Coverage.Accounts[i].Name, r.Coverage.Accounts[i].Unseen = all, []string{all}
	}
	a := r.Activity
	a.Gravest = hostileFindings()
	for i := range a.Accounts {
		c := &a.Accounts[i]
		c.Name, c.Unread, c.State = all, []string{all}, all
		for j := range c.Regions {
			c.Regions[j].Region, c.Regions[j].From = all, all
		}
	}
	for i := range a.Integrity {
		a.Integrity[i].Trail, a.Integrity[i].State, a.Integrity[i].Verified = all, all, all
	}
	for i := range a.Off {
		a.Off[i].Rule, a.Off[i].Reason = all, all
	}
	a.Coverage.Uncovered[0].Name = all
	for i := range r.Coverage.Gaps {
		g := &r.Coverage.Gaps[i]
		g.Service, g.Operation, g.Reason, g.Detail, g.Types = all, all, all, all, []string{all}
	}
	for i := range r.Controls {
		r.Controls[i].ID, r.Controls[i].Title, r.Controls[i].Practice, r.Controls[i].Status = all, all, []string{all}, all
	}
	for i := range r.Risks {
		r.Risks[i].Title, r.Risks[i].Steps = all, []string{all}
	}
	for i := range r.First {
		a := &r.First[i]
		a.Title, a.Why, a.Fix, a.Next, a.Control, a.Risk = all, all, all, all, all, all
	}
	for i := range r.Exceptions {
		e := &r.Exceptions[i]
		e.ID, e.Owner, e.Approver, e.Reason, e.Controls = all, all, all, all, []string{all}
	}
	for i := range r.Matrix.Likelihood {
		r.Matrix.Likelihood[i], r.Matrix.Consequence[i] = all, all
	}
	r.Changes.Baseline, r.Changes.New, r.Changes.Fixed = all, hostileFindings(), hostileFindings()
	return r
}
