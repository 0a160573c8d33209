package awsconfig

import (
	"slices"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/evidence/schema"
)

// mapping says how one of Config's types becomes CloudFormation's.
type mapping struct {
	to     string // type of the result; empty where it is the same
	id     ident
	global bool

	// sees lists the schema properties whose absence in a record means that they
	// are not set. Any other that does not come out is Unknown.
	sees string

	// rename gives the schema's name for members that are called otherwise than
	// in another letter case. An empty name keeps the member out.
	rename map[string]string

	adapt func(d *draft) // what takes more than other names
	parts []string       // types emitted beside it

	unseen []string // derived: the schema properties that Config does not record
}

// ident says which of Config's names identifies the resource elsewhere.
type ident int

const (
	byID ident = iota
	byName
	byARN
)

// shapeOf is a mapping for a type that Config records in CloudFormation shape.
func shapeOf(id ident) mapping { return mapping{id: id, sees: everything} }

const everything = "*"

// table lists the types mapped by hand, by Config's name.
func table() map[string]mapping {
	all := map[string]mapping{}
	for _, group := range []map[string]mapping{iamTypes(), networkTypes(), computeTypes(), storageTypes(), databaseTypes(), messageTypes(), auditTypes(), edgeTypes()} {
		for typ, m := range group {
			to := typ
			if m.to != "" {
				to = m.to
			}
			if t, ok := schema.Lookup(to); ok && m.sees != everything {
				m.unseen = unseenOf(m.sees, t)
			}
			all[typ] = m
		}
	}
	return all
}

// mappings is the table, made when it is first asked for and never changed.
var mappings = sync.OnceValue(table)

// unseenOf lists the properties whose absence from a record says nothing.
func unseenOf(sees string, t *schema.Type) []string {
	seen := wordSet(sees)
	var out []string
	for name := range t.Properties() {
		if !seen[name] && !inert[name] && name != t.TagProperty {
			out = append(out, name)
		}
	}
	return out
}

// typesOf lists the types that are missing with an item of Config's type; all
// that are mapped where the type is not known.
func typesOf(typ string) []string {
	var out []string
	add := func(typ string, m mapping) {
		if m.to != "" {
			typ = m.to
		}
		out = append(append(out, typ), m.parts...)
	}
	if typ != "" {
		add(typ, mappings()[typ])
	} else {
		for typ, m := range mappings() {
			add(typ, m)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inert are inputs of a template that no service reports back, so that their
// absence from a record says nothing.
var inert = wordSet(`AdditionalInfo ApplyImmediately BypassPolicyLockoutSafetyCheck CertificateRotationRestart Classic Code
	DBClusterSnapshotIdentifier DBSnapshotIdentifier DeleteAutomatedBackups DomainAuthSecretArn GenerateSecretString HostedRotationLambda
	ImportSourceSpecification Ipv4IpamPoolId Ipv4NetmaskLength Ipv6IpamPoolId Ipv6NetmaskLength IpamPoolId MasterUserPassword
	PendingWindowInDays PeerRoleArn PropagateTagsToVolumeOnCreation RestoreTime RestoreToTime RestoreType SnapshotIdentifier SourceVolumeId
	SsmAssociations TdeCredentialPassword TransferAddress UseDefaultProcessorFeatures UseLatestRestorableTime BucketNamePrefix
	Ipv6AddressCount Ipv4PrefixCount Ipv6PrefixCount SecondaryPrivateIpAddressCount LicenseSpecifications SourceDbClusterResourceId
	SourceDbiResourceId SourceDBInstanceAutomatedBackupsArn SourceRegion AllowMajorVersionUpgrade Domain DomainIAMRoleName DomainDnsIps
	DomainFqdn DomainOu RotateImmediatelyOnUpdate`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}
