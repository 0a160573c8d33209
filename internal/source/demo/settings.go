package demo

import (
	"fmt"

	"holdfast.dev/holdfast/internal/evidence"
)

// global makes up what an account has outside Regions.
func (g *generator) global() Batch {
	g.region = evidence.Global
	g.reseed(0)
	a := g.account
	g.contacts()
	rootMFA := a.management || !g.flaw(0.12)
	keys := g.flaw(0.03)
	g.add("Holdfast::IAM::AccountSummary", a.id, "", props{
		"RootMFAEnabled": rootMFA, "RootAccessKeysPresent": keys, "RootPasswordPresent": a.management || g.flaw(0.3), "RootSigningCertificatesPresent": false,
		"RootVirtualMFA": rootMFA && g.chance(0.4), "RootMFADevices": map[bool]int{true: 1, false: 0}[rootMFA], "Users": 0, "UsersWithPassword": 0,
	})
	g.credentials("<root_account>", true, rootMFA, keys, true)
	users := 0
	if g.chance(0.25 * a.laxity) {
		users = 1 + g.IntN(3)
	}
	for range users {
		g.user()
	}
	policy := props{"Configured": false, "UsersWithPassword": users}
	if !g.flaw(0.3) {
		policy = props{"Configured": true, "MinimumPasswordLength": 16, "PasswordReusePrevention": 24, "RequireSymbols": true, "RequireNumbers": true,
			"RequireUppercaseCharacters": true, "RequireLowercaseCharacters": true, "MaxPasswordAge": 90, "ExpirePasswords": true, "HardExpiry": false,
			"AllowUsersToChangePassword": true, "UsersWithPassword": users}
	}
	g.add("Holdfast::IAM::PasswordPolicy", a.id, "", policy)
	blocked := !g.flaw(0.15)
	g.add("Holdfast::S3::AccountPublicAccessBlock", a.id, "", props{"Configured": blocked, "BlockPublicAcls": blocked, "IgnorePublicAcls": blocked, "BlockPublicPolicy": blocked, "RestrictPublicBuckets": blocked})
	g.roles()
	return g.flush()
}

func (g *generator) contacts() {
	contact := func(name, address string) props {
		return props{"Name": name, "Title": "Team", "EmailAddress": address, "PhoneNumber": fmt.Sprintf("+49 30 55%05d", len(name)*7919)}
	}
	p := props{"PrimaryEmail": g.account.email, "Primary": props{"FullName": "Cloud Platform", "CompanyName": "Example Ltd", "PhoneNumber": "+49 30 5550000"}}
	if !g.flaw(0.2) {
		p["Security"] = contact("Security Operations", "security@example.com")
	}
	if !g.flaw(0.3) {
		p["Operations"] = contact("Platform Operations", "ops@example.com")
	}
	if address := pick(g, "billing@example.com", "billing@example.com", "jane.doe@gmail.com"); !g.flaw(0.3) {
		p["Billing"] = contact("Accounts Payable", address)
	}
	g.add("Holdfast::Account::Contacts", g.account.id, "", p)
}

// credentials is a row of the credential report.
func (g *generator) credentials(user string, root, mfa, key, password bool) {
	p := props{"User": user, "Root": root, "Created": g.ago(400), "MfaActive": mfa}
	if !root {
		p["PasswordEnabled"] = password
		if password {
			p["PasswordLastUsed"], p["PasswordLastChanged"] = g.ago(g.IntN(40)), g.ago(g.IntN(200))
		}
	} else if used := g.ago(g.IntN(60)); g.flaw(0.1) {
		p["PasswordLastUsed"] = used
	}
	keys := []props{{"Index": 1, "Active": key}, {"Index": 2, "Active": false}}
	if rotated, used := g.ago(10+g.IntN(70)), g.ago(g.IntN(30)); key {
		if g.flaw(0.4) {
			rotated, used = g.ago(100+g.IntN(300)), g.ago(60+g.IntN(300))
		}
		keys[0]["LastRotated"], keys[0]["LastUsed"] = rotated, used
	}
	p["AccessKeys"], p["Certificates"] = keys, []props{{"Index": 1, "Active": false}, {"Index": 2, "Active": false}}
	g.add("Holdfast::IAM::Credentials", user, g.globalARN("iam", "user/"+user), p)
}

func (g *generator) user() {
	name := g.word("user")
	password := g.chance(0.6)
	g.credentials(name, false, !g.flaw(0.3), !password || g.chance(0.5), password)
	p := props{"UserName": name, "Path": "/", "Tags": g.tags(), "Observed": props{"CreateDate": g.ago(300), "MFADevices": 1}}
	if policy := pick(g, "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"); g.flaw(0.4) {
		p["ManagedPolicyArns"] = []string{policy}
	} else {
		p["Groups"] = []string{"developers"}
	}
	g.add("AWS::IAM::User", name, g.globalARN("iam", "user/"+name), p)
}

func (g *generator) roles() {
	trust := func(kind, who string) props {
		return props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Principal": props{kind: who}, "Action": "sts:AssumeRole"}}}
	}
	role := func(name string, p props) {
		p["RoleName"], p["Path"], p["Tags"] = name, "/", g.tags()
		used := g.ago(g.IntN(80))
		if long := g.ago(100 + g.IntN(200)); g.flaw(0.25) && name != "HoldfastAudit" {
			used = long
		}
		p["Observed"] = props{"CreateDate": g.ago(400), "LastUsed": used, "LastUsedRegion": "eu-west-1"}
		g.add("AWS::IAM::Role", name, g.globalARN("iam", "role/"+name), p)
	}
	management := g.org.accounts[0].id
	admin := "arn:aws:iam::" + management + ":role/break-glass"
	if g.flaw(0.4) {
		admin = "arn:aws:iam::" + management + ":root" // as Organizations makes it
	}
	role("OrganizationAccountAccessRole", props{"AssumeRolePolicyDocument": trust("AWS", admin), "ManagedPolicyArns": []string{"arn:aws:iam::aws:policy/AdministratorAccess"}})
	role("HoldfastAudit", props{"AssumeRolePolicyDocument": trust("AWS", "arn:aws:iam::"+g.org.accounts[2].id+":role/holdfast"), "ManagedPolicyArns": []string{"arn:aws:iam::aws:policy/SecurityAudit"}})
	if !g.flaw(0.3) {
		role("aws-support", props{"AssumeRolePolicyDocument": trust("AWS", "arn:aws:iam::"+g.account.id+":root"), "ManagedPolicyArns": []string{"arn:aws:iam::aws:policy/AWSSupportAccess"}})
	}
	if g.flaw(0.08) {
		role("vendor-access", props{"AssumeRolePolicyDocument": trust("AWS", pick(g, "*", "arn:aws:iam::999988887777:root")), "ManagedPolicyArns": []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}})
	}
	document := props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Action": []string{"s3:GetObject", "s3:PutObject"}, "Resource": "arn:aws:s3:::" + g.account.workload + "-*/*"}}}
	if g.flaw(0.06) {
		document = props{"Version": "2012-10-17", "Statement": []props{{"Effect": "Allow", "Action": "*", "Resource": "*"}}}
	}
	name := g.word("policy")
	g.add("AWS::IAM::ManagedPolicy", g.globalARN("iam", "policy/"+name), g.globalARN("iam", "policy/"+name), props{"ManagedPolicyName": name, "PolicyDocument": document, "Roles": []string{"HoldfastAudit"},
		"Observed": props{"AwsManaged": false, "AttachmentCount": 1, "DefaultVersionId": "v1"}})
}

// settings makes up what is on or off in a Region.
func (g *generator) settings() {
	region := g.region
	g.reseed(1 << 31)
	g.add("Holdfast::Region", region, "", props{"Name": region, "OptStatus": "ENABLED_BY_DEFAULT"})
	hardened := !g.flaw(0.25)
	defaultKey := g.arn("kms", "alias/ebs")
	if g.flaw(0.5) {
		defaultKey = "alias/aws/ebs"
	}
	gateway := "block-ingress"
	if g.account.networked() && g.flaw(1.2) {
		gateway = "off"
	}
	g.add("Holdfast::EC2::RegionSettings", region, "", props{
		"EbsEncryptionByDefault": !g.flaw(0.2), "EbsDefaultKmsKeyId": defaultKey, "ImdsHttpTokens": map[bool]string{true: "required", false: "no-preference"}[hardened],
		"ImdsHttpTokensEnforced": hardened, "ImdsHttpPutResponseHopLimit": 2, "SnapshotBlockPublicAccess": map[bool]string{true: "block-all-sharing", false: "unblocked"}[!g.flaw(0.2)],
		"ImageBlockPublicAccess": "block-new-sharing", "SerialConsoleAccess": g.flaw(0.05), "VpcBlockPublicAccess": props{"InternetGatewayBlockMode": gateway, "ExclusionsAllowed": "allowed"},
		"AllowedImagesState": map[bool]string{true: "disabled", false: "enabled"}[g.flaw(0.6)], "ManagedBy": props{"ImdsHttpTokens": "account"},
	})
	recording := !g.flaw(0.1)
	g.add("Holdfast::Config::RegionStatus", region, "", props{"Recording": recording, "LastStatus": "SUCCESS", "AllSupported": true, "IncludeGlobalResourceTypes": region == "us-east-1",
		"RecordingStrategy": "ALL_SUPPORTED_RESOURCE_TYPES", "ResourceTypes": []string{}, "DeliveryChannel": recording, "DeliveryStatus": "SUCCESS", "ServiceLinkedRole": true})
	watching := !g.flaw(0.08)
	security := g.org.accounts[2].id
	g.add("Holdfast::GuardDuty::RegionStatus", region, "", props{"Enabled": watching, "DetectorId": g.name("d"), "FindingPublishingFrequency": "FIFTEEN_MINUTES",
		"Features":               props{"S3_DATA_EVENTS": onOff(watching), "EKS_AUDIT_LOGS": onOff(watching && !g.flaw(0.3)), "RUNTIME_MONITORING": onOff(!g.flaw(0.35)), "LAMBDA_NETWORK_LOGS": onOff(watching), "RDS_LOGIN_EVENTS": onOff(watching), "EBS_MALWARE_PROTECTION": onOff(!g.flaw(0.3))},
		"AdministratorAccountId": security})
	g.add("Holdfast::SecurityHub::RegionStatus", region, "", props{"Enabled": !g.flaw(0.1), "AutoEnableControls": true,
		"Standards": []string{"arn:aws:securityhub:" + region + "::standards/aws-foundational-security-best-practices/v/1.0.0"}, "AdministratorAccountId": security})
	g.add("Holdfast::Inspector::RegionStatus", region, "", props{"EC2": onOff(!g.flaw(0.3)), "ECR": onOff(!g.flaw(0.2)), "Lambda": onOff(!g.flaw(0.25)), "LambdaCode": onOff(!g.flaw(0.45)), "DelegatedAdministrator": security})
	macie, discovery := !g.flaw(0.35), !g.flaw(0.35)
	g.add("Holdfast::Macie::RegionStatus", region, "", props{"Enabled": macie, "Status": onOff(macie), "AutomatedDiscovery": macie && discovery, "AdministratorAccountId": security})
	g.add("Holdfast::Detective::RegionStatus", region, "", props{"Enabled": !g.flaw(0.5)})
	external := !g.flaw(0.2)
	analyzers := []props{}
	if external {
		analyzers = append(analyzers, props{"Name": "external", "Type": "ORGANIZATION", "Status": "ACTIVE"})
	}
	g.add("Holdfast::AccessAnalyzer::RegionStatus", region, "", props{"ExternalAccess": external, "UnusedAccess": !g.flaw(0.7), "Analyzers": analyzers})
	g.add("Holdfast::SSM::RegionSettings", region, "", props{"DocumentsPublicSharingBlocked": !g.flaw(0.3)})
	if region == "eu-west-1" {
		g.trail()
		if g.account.management {
			g.alarms()
		}
	}
}

func onOff(on bool) string {
	if on {
		return "ENABLED"
	}
	return "DISABLED"
}
