package control

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
)

// frameworks is where the lists of requirements lie that tests compare with.
const frameworks = "/work/shared/data/frameworks/"

type requirement struct {
	ID, Title, Severity, Assessment string
}

func readFramework(t *testing.T, name string) []requirement {
	t.Helper()
	data, err := os.ReadFile(frameworks + name)
	if err != nil {
		t.Skipf("the framework's list is not here: %v", err)
	}
	var list []requirement
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// mapped lists the controls by the requirements they map to.
func mapped(t *testing.T, framework string) (map[string][]*check.Control, map[string]*check.Control) {
	t.Helper()
	controls, err := Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	byRequirement, byID := map[string][]*check.Control{}, map[string]*check.Control{}
	for i := range controls {
		c := &controls[i]
		byID[c.ID] = c
		for _, id := range c.Maps[framework] {
			byRequirement[id] = append(byRequirement[id], c)
		}
	}
	return byRequirement, byID
}

// Every requirement that CIS AWS Foundations 7.0 calls automated has a control,
// and no control maps to an item that its edition does not have.
func TestCISCovered(t *testing.T) {
	for _, edition := range []string{"5.0", "6.0", "7.0"} {
		list := readFramework(t, "cis-aws-foundations-"+edition+".json")
		have, _ := mapped(t, "cis-"+edition)
		known, automated := map[string]bool{}, 0
		known["1.10"] = edition == "5.0" // the list of 5.0 has it as a second 1.1: a spreadsheet took it for a number
		for _, r := range list {
			known[r.ID] = true
			if edition != "7.0" || r.Assessment != "Automated" {
				continue
			}
			if automated++; len(have[r.ID]) == 0 {
				t.Errorf("CIS %s %s (%s) has no control", edition, r.ID, r.Title)
			}
		}
		if edition == "7.0" && automated != 34 {
			t.Errorf("CIS 7.0 has %d automated items; 34 were expected", automated)
		}
		for id, controls := range have {
			if !known[id] {
				t.Errorf("%s maps to CIS %s %s, which does not exist", controls[0].ID, edition, id)
			}
		}
	}
}

// coveredServices are those whose FSBP requirements each have a control or a
// reason why not.
var coveredServices = strings.Fields(`IAM S3 EC2 CloudTrail Config GuardDuty KMS RDS Lambda SNS SQS SecretsManager
	DynamoDB ELB EFS ECR EKS Redshift OpenSearch ES`)

var uncovered = map[string]string{
	"DynamoDB.1":    "on-demand tables scale by themselves; for others the scaling target, which is not collected, decides",
	"DynamoDB.4":    "which resources a backup plan protects is not collected; dynamodb-pitr-enabled looks at recovery",
	"EC2.4":         "since when an instance is stopped stands in no property",
	"EC2.20":        "whether a tunnel is up is a reading of the moment, not configuration",
	"EC2.22":        "retired by AWS",
	"EC2.28":        "which resources a backup plan protects is not collected",
	"ELB.14":        "the desync mode of a Classic Load Balancer is not in the CloudFormation schema",
	"ELB.16":        "the association of web ACLs is not collected; absence would be taken for a fault",
	"OpenSearch.10": "whether an update waits is a reading of the moment, not configuration",
	"RDS.26":        "which resources a backup plan protects is not collected; db-instance-backup-enabled looks at recovery",
	"S3.7":          "the Region of a replica's bucket does not stand in the source; s3-bucket-replication-enabled looks at replication",
}

func TestFSBPCovered(t *testing.T) {
	list := readFramework(t, "fsbp.json")
	have, _ := mapped(t, "fsbp")
	known := map[string]bool{}
	for _, r := range list {
		known[r.ID] = true
		service, _, _ := strings.Cut(r.ID, ".")
		if !slices.Contains(coveredServices, service) {
			continue
		}
		switch reason := uncovered[r.ID]; {
		case len(have[r.ID]) == 0 && reason == "":
			t.Errorf("FSBP %s (%s) has neither a control nor a reason why not", r.ID, r.Title)
		case len(have[r.ID]) > 0 && reason != "":
			t.Errorf("FSBP %s is covered by %s; take it out of the exceptions", r.ID, have[r.ID][0].ID)
		}
	}
	for id, controls := range have {
		if !known[id] {
			t.Errorf("%s maps to FSBP %s, which does not exist", controls[0].ID, id)
		}
	}
	for id := range uncovered {
		if !known[id] {
			t.Errorf("the exception %s names no requirement of FSBP", id)
		}
	}
}

// ownSeverity are controls which we hold for more or less severe than FSBP does.
var ownSeverity = map[string]string{
	"config-service-linked-role":                      "Config.1 asks for recording above all; the role it uses matters little once it records",
	"iam-password-policy-expiry":                      "current guidance (NIST SP 800-63B) advises against passwords that expire",
	"sns-topic-message-delivery-notification-enabled": "it helps to find faults and stops no attack",
	"vpc-sg-restricted-high-risk-ports":               "a database or a directory open to the internet is no less urgent than SSH",
}

func TestSeveritiesFollowFSBP(t *testing.T) {
	severity := map[string]string{}
	for _, r := range readFramework(t, "fsbp.json") {
		severity[r.ID] = strings.ToLower(r.Severity)
	}
	_, byID := mapped(t, "fsbp")
	for _, c := range byID {
		agrees := len(c.Maps["fsbp"]) == 0
		for _, id := range c.Maps["fsbp"] {
			agrees = agrees || severity[id] == c.Severity
		}
		if !agrees && ownSeverity[c.ID] == "" {
			t.Errorf("%s is %s; FSBP %v says %s: follow it, or say why not", c.ID, c.Severity, c.Maps["fsbp"], severity[c.Maps["fsbp"][0]])
		}
	}
	for id := range ownSeverity {
		if byID[id] == nil {
			t.Errorf("there is no control %s", id)
		}
	}
}

// accountSecurity are the checks of an account's own safety (AS-01 to AS-18) and
// the controls that make them.
var accountSecurity = map[string]string{
	"AS-01": "iam-root-access-key-check",
	"AS-02": "root-account-mfa-enabled",
	"AS-03": "root-account-hardware-mfa-enabled",
	"AS-04": "organization-root-access-centralized iam-member-root-credentials-absent iam-root-signing-certificates-absent",
	"AS-05": "iam-root-user-not-used root-usage-monitored",
	"AS-06": "mfa-enabled-for-iam-console-access iam-user-mfa-enabled",
	"AS-07": "iam-user-unused-credentials-check",
	"AS-08": "access-keys-rotated iam-user-single-active-access-key",
	"AS-09": "iam-password-policy iam-password-policy-minimum-length iam-password-policy-reuse-prevention iam-password-policy-expiry",
	"AS-10": "security-account-information-provided account-operations-contact-provided account-billing-contact-provided account-contact-addresses-distinct account-contact-phones-distinct account-contact-addresses-not-personal account-contact-addresses-not-freemail",
	"AS-11": "account-primary-contact-complete account-emails-on-corporate-domain",
	"AS-12": "s3-account-level-public-access-blocks",
	"AS-13": "ec2-ebs-encryption-by-default ec2-ebs-default-key-customer-managed",
	"AS-14": "ec2-imds-default-requires-v2 ec2-imds-default-hop-limit",
	"AS-15": "ec2-snapshot-block-public-access ec2-image-block-public-access ec2-allowed-images-enabled ec2-serial-console-disabled",
	"AS-16": "vpc-block-public-access-enabled",
	"AS-17": "cloud-trail-enabled multi-region-cloud-trail-enabled config-recording-enabled guardduty-enabled-centralized securityhub-enabled inspector-ec2-scan-enabled inspector-ecr-scan-enabled inspector-lambda-standard-scan-enabled iam-external-access-analyzer-enabled macie-status-check",
	"AS-18": "iam-user-no-policies-check iam-support-role-created iam-server-certificate-not-expired",
}

func TestAccountSecurityCovered(t *testing.T) {
	_, byID := mapped(t, "sec01")
	if len(accountSecurity) != 18 {
		t.Errorf("%d of 18 checks are in the table", len(accountSecurity))
	}
	for id, names := range accountSecurity {
		for _, name := range strings.Fields(names) {
			if byID[name] == nil {
				t.Errorf("%s: there is no control %s", id, name)
			}
		}
	}
}
