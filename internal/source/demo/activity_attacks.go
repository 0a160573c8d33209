package demo

import (
	"fmt"
	"time"
)

// attacks hides a few attacks in the days, all at the weekend, when nobody looks.
func (d *days) attacks() {
	production := d.accountsOf("prod")
	sunday := d.start.AddDate(0, 0, activityDays-1)
	d.during("a leaked key makes itself an administrator", production[0], func(a *account) { d.leakedKey(a, sunday.Add(3*time.Hour+12*time.Minute)) })
	d.during("the trail is stopped for a while", &d.org.accounts[0], func(a *account) { d.stoppedTrail(a, sunday.Add(22*time.Hour+41*time.Minute)) })
	d.during("a snapshot is shared with a stranger", production[len(production)-1], func(a *account) { d.sharedSnapshot(a, sunday.Add(13*time.Hour+5*time.Minute)) })
	for i := range d.org.accounts {
		if a := &d.org.accounts[i]; a.name == "shared-services" {
			d.during("a password is guessed at the console", a, func(a *account) { d.guessedPassword(a, sunday.Add(-26*time.Hour)) })
		}
	}
}

func (d *days) accountsOf(environment string) []*account {
	var out []*account
	for i := range d.org.accounts {
		if a := &d.org.accounts[i]; a.environment == environment && a.state == "ACTIVE" {
			out = append(out, a)
		}
	}
	return out
}

// during notes which events belong to an attack.
func (d *days) during(name string, a *account, happens func(*account)) {
	d.attack = &Attack{Name: name, Account: a.id, Events: map[string]bool{}}
	happens(a)
	d.happened = append(d.happened, *d.attack)
	d.attack = nil
}

// leakedKey: the key of a forgotten user turns up elsewhere. Whoever has it looks
// around quickly, is refused here and there, and makes a user that outlives the key.
func (d *days) leakedKey(a *account, at time.Time) {
	who := d.user(a.id, "ci-legacy", fmt.Sprintf("AKIA%016X", hash(a.id+"leaked")), stranger, "python-requests/2.32.3")
	next := func(seconds int, region string, c call) {
		at = at.Add(time.Duration(seconds) * time.Second)
		d.by(who, a.id, region, at, c)
	}
	for i, c := range []call{
		read("sts", "GetCallerIdentity", nil), read("iam", "ListAttachedUserPolicies", map[string]any{"userName": "ci-legacy"}), read("iam", "ListUserPolicies", map[string]any{"userName": "ci-legacy"}),
		read("iam", "ListUsers", nil), read("iam", "ListRoles", nil), read("iam", "ListGroups", nil), read("iam", "GetAccountAuthorizationDetails", nil), read("iam", "GetAccountSummary", nil),
		read("s3", "ListBuckets", nil), read("ec2", "DescribeInstances", nil), read("ec2", "DescribeRegions", nil), read("ec2", "DescribeSecurityGroups", nil), read("ec2", "DescribeSnapshots", nil),
		read("rds", "DescribeDBInstances", nil), read("rds", "DescribeDBSnapshots", nil), read("lambda", "ListFunctions20150331", nil), read("secretsmanager", "ListSecrets", nil), read("kms", "ListKeys", nil),
		read("dynamodb", "ListTables", nil), read("ecr", "DescribeRepositories", nil), read("eks", "ListClusters", nil), read("ecs", "ListClusters", nil), read("cloudtrail", "DescribeTrails", nil),
		read("guardduty", "ListDetectors", nil), read("organizations", "DescribeOrganization", nil), read("organizations", "ListAccounts", nil), read("ses", "GetSendQuota", nil), read("ssm", "DescribeInstanceInformation", nil),
	} {
		region := "eu-west-1"
		if c.source == "iam" || c.source == "sts" || c.source == "organizations" {
			region = "us-east-1"
		}
		if c.source == "organizations" || i%9 == 7 {
			c.refused = "AccessDenied"
		}
		next(2+i%3, region, c)
	}
	const user = "support-backup"
	arn := "arn:aws:iam::" + a.id + ":user/" + user
	next(95, "us-east-1", do("iam", "CreateUser", map[string]any{"userName": user}, map[string]any{"user": map[string]any{"userName": user, "arn": arn, "userId": "AIDA" + d.secret(17)}}))
	next(14, "us-east-1", do("iam", "AttachUserPolicy", map[string]any{"userName": user, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, nil))
	next(9, "us-east-1", do("iam", "CreateAccessKey", map[string]any{"userName": user}, map[string]any{"accessKey": map[string]any{"userName": user, "accessKeyId": "AKIA" + d.secret(16), "status": "Active"}}))
	next(21, "us-east-1", do("iam", "CreateLoginProfile", map[string]any{"userName": user, "passwordResetRequired": false}, map[string]any{"loginProfile": map[string]any{"userName": user, "passwordResetRequired": false}}))
}

// stoppedTrail: in the management account no guardrail holds. Somebody stops the
// organisation's trail, and starts it again when he is done.
func (d *days) stoppedTrail(a *account, at time.Time) {
	who := d.role(a.id, "OrganizationAdmin", "maintenance", abroad, agentCLI, at.Add(-4*time.Minute), false)
	trail := map[string]any{"name": "arn:aws:cloudtrail:eu-west-1:" + a.id + ":trail/organisation"}
	d.by(who, a.id, "eu-west-1", at, read("cloudtrail", "GetTrailStatus", trail))
	d.by(who, a.id, "eu-west-1", at.Add(40*time.Second), do("cloudtrail", "StopLogging", trail, nil))
	d.by(who, a.id, "eu-west-1", at.Add(34*time.Minute), do("cloudtrail", "StartLogging", trail, nil))
}

// sharedSnapshot: a copy of a database's disk is given to an account of nobody's.
func (d *days) sharedSnapshot(a *account, at time.Time) {
	who := d.role(a.id, "backup-operator", "ops", abroad, agentCLI, at.Add(-11*time.Minute), false)
	volume, snapshot := fmt.Sprintf("vol-%017x", hash(a.id+"v")), fmt.Sprintf("snap-%017x", hash(a.id+"s"))
	d.by(who, a.id, "eu-central-1", at, do("ec2", "CreateSnapshot", map[string]any{"volumeId": volume}, map[string]any{"snapshotId": snapshot, "volumeId": volume, "status": "pending", "encrypted": false}))
	d.by(who, a.id, "eu-central-1", at.Add(6*time.Minute), do("ec2", "ModifySnapshotAttribute", map[string]any{
		"snapshotId": snapshot, "attributeType": "CREATE_VOLUME_PERMISSION",
		"createVolumePermission": map[string]any{"add": map[string]any{"items": []any{map[string]any{"userId": "999900001111"}}}},
	}, map[string]any{"_return": true}))
}

// guessedPassword: many failures at the console, and then none.
func (d *days) guessedPassword(a *account, at time.Time) {
	who := d.user(a.id, "billing-viewer", "", stranger, agentConsole)
	delete(who.identity, "accessKeyId")
	for i := range 17 {
		c := call{source: "signin", name: "ConsoleLogin", typ: "AwsConsoleSignIn", response: map[string]any{"ConsoleLogin": "Success"},
			additional: map[string]any{"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": "No"}}
		when := at.Add(time.Duration(i*19) * time.Second)
		if i < 16 {
			d.failedLogin(who, a, when, c)
			continue
		}
		d.by(who, a.id, "us-east-1", when, c)
	}
}

func (d *days) failedLogin(who actor, a *account, at time.Time, c call) {
	c.response = map[string]any{"ConsoleLogin": "Failure"}
	d.by(who, a.id, "us-east-1", at, c)
	key := fileKey{a.id, "us-east-1", int64(at.Sub(d.start) / slot)}
	if events := d.files[key]; len(events) > 0 {
		events[len(events)-1].Message = "Failed authentication"
	}
}
