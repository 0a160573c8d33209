// Package awsconfig reads what AWS Config delivered to S3 (snapshots, history
// files and oversized change notifications), or what its API answered, from
// local files, and turns it into versions of resources: what each looked like
// from which instant to which.
//
// The way in is Walk, which yields one File after the other in a fixed order,
// and History, which puts the items of many files together:
//
//	var history awsconfig.History
//	for file, err := range awsconfig.Walk(ctx, root, awsconfig.Options{}) {
//		if err != nil { … } // the file holds what could be read
//		history.Add(file)
//	}
//	versions, gaps := history.Versions(), history.Gaps()
//
// # Shapes
//
// AWS Config records a resource in one of three shapes, and all of them come out
// in the shape of the CloudFormation schema:
//
//   - Types of our own table (table.go) are mapped by hand where the service's
//     API and CloudFormation differ: IAM, EC2, S3, KMS, CloudTrail, Lambda, RDS,
//     load balancers, secrets, topics, queues, CloudFront and DynamoDB. A schema
//     property that Config does not record for the type becomes Unknown.
//   - Newer types (ECR, EKS, ECS, transit gateways and most since 2021) are
//     recorded in CloudFormation shape already, and are kept as they are.
//   - Any other type with a CloudFormation schema has its names spelt as the
//     schema spells them; what it does not show is Unknown. A type that
//     CloudFormation does not have (AWS::Config::ResourceCompliance) is kept as
//     Config records it.
//
// Only property names are looked up without regard to letter case, since Config
// changed them over the years (awsAccountId and accountId, ARN and arn).
//
// # What may be missing
//
// An item that says ResourceNotRecorded, an item that cannot be understood and a
// file that breaks off each leave an evidence.Gap. Items read before the place
// where a file breaks off are kept: each stands for itself.
//
// What enters this package is the knowledge of Config's files and of how Config
// spells each service. Judging is not done here, and nothing is written.
package awsconfig
