package aws

import (
	"errors"
	"reflect"
)

// subjects are the operations that have one thing to tell, by the field it
// stands in. A success without it tells nothing, least of all that AWS's default
// holds: the answer of a proxy or an emulator, or a response cut by hand.
var subjects = map[string]string{
	"acm.DescribeCertificate":                             "Certificate",
	"cloudcontrol.GetResource":                            "ResourceDescription",
	"cloudfront.GetDistributionConfig":                    "DistributionConfig",
	"dynamodb.DescribeContinuousBackups":                  "ContinuousBackupsDescription",
	"dynamodb.DescribeTable":                              "Table",
	"ecs.DescribeTaskDefinition":                          "TaskDefinition",
	"eks.DescribeCluster":                                 "Cluster",
	"eks.DescribeNodegroup":                               "Nodegroup",
	"elasticloadbalancing.DescribeLoadBalancerAttributes": "LoadBalancerAttributes",
	"iam.GetAccountPasswordPolicy":                        "PasswordPolicy",
	"kinesis.DescribeStreamSummary":                       "StreamDescriptionSummary",
	"kms.DescribeKey":                                     "KeyMetadata",
	"organizations.DescribeEffectivePolicy":               "EffectivePolicy",
	"organizations.DescribeResourcePolicy":                "ResourcePolicy",
	"rds.DescribeDBClusterSnapshotAttributes":             "DBClusterSnapshotAttributesResult",
	"rds.DescribeDBSnapshotAttributes":                    "DBSnapshotAttributesResult",
	"s3.GetBucketEncryption":                              "ServerSideEncryptionConfiguration",
	"s3.GetBucketOwnershipControls":                       "OwnershipControls",
	"s3.GetObjectLockConfiguration":                       "ObjectLockConfiguration",
	"s3.GetPublicAccessBlock":                             "PublicAccessBlockConfiguration",
	"s3control.GetAccessPoint":                            "PublicAccessBlockConfiguration",
	"s3control.GetPublicAccessBlock":                      "PublicAccessBlockConfiguration",
}

// answered tells whether an answer has its subject.
func answered(operation string, out any) error {
	field, asked := subjects[operation]
	if v := reflect.Indirect(reflect.ValueOf(out)); asked && v.Kind() == reflect.Struct {
		if f := v.FieldByName(field); !f.IsValid() || f.IsNil() {
			return errors.New("the answer lacks the field " + field + ", which is all that was asked for")
		}
	}
	return nil
}
