package external

// Watched are the resource types that AWS IAM Access Analyzer watches for
// external access, each with the types of evidence that tell of it. Of users it
// watches what they can reach inside; they carry no policy that lets anybody in.
// Source: AWS IAM Access Analyzer API Reference, resourceType.
var Watched = []struct {
	Type     string
	Evidence []string
}{
	{"AWS::DynamoDB::Stream", []string{"AWS::DynamoDB::Table"}},
	{"AWS::DynamoDB::Table", []string{"AWS::DynamoDB::Table"}},
	{"AWS::EC2::Snapshot", []string{"Holdfast::EC2::Snapshot"}},
	{"AWS::ECR::Repository", []string{"AWS::ECR::Repository"}},
	{"AWS::EFS::FileSystem", []string{"AWS::EFS::FileSystem"}},
	{"AWS::IAM::Role", []string{"AWS::IAM::Role"}},
	{"AWS::IAM::User", nil},
	{"AWS::KMS::Key", []string{"AWS::KMS::Key"}},
	{"AWS::Lambda::Function", []string{"AWS::Lambda::Function", "AWS::Lambda::Permission"}},
	{"AWS::Lambda::LayerVersion", []string{"AWS::Lambda::LayerVersionPermission"}},
	{"AWS::RDS::DBClusterSnapshot", []string{"Holdfast::RDS::DBClusterSnapshot"}},
	{"AWS::RDS::DBSnapshot", []string{"Holdfast::RDS::DBSnapshot"}},
	{"AWS::S3::Bucket", []string{"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::S3::AccessPoint", "Holdfast::S3::AccountPublicAccessBlock"}},
	{"AWS::S3Express::DirectoryBucket", []string{"AWS::S3Express::DirectoryBucket", "AWS::S3Express::BucketPolicy"}},
	{"AWS::SecretsManager::Secret", []string{"AWS::SecretsManager::Secret", "AWS::SecretsManager::ResourcePolicy"}},
	{"AWS::SNS::Topic", []string{"AWS::SNS::Topic", "AWS::SNS::TopicPolicy"}},
	{"AWS::SQS::Queue", []string{"AWS::SQS::Queue", "AWS::SQS::QueuePolicy"}},
}

// NotCollected lists the types of evidence that tell of the watched ones and were
// not listed in an account, with the accounts.
func NotCollected(accounts []string, listed map[string]map[string]bool) []Gap {
	var out []Gap
	done := map[string]bool{}
	for _, w := range Watched {
		for _, typ := range w.Evidence {
			if done[typ] {
				continue
			}
			done[typ] = true
			g := Gap{Type: typ}
			for _, account := range accounts {
				if !listed[account][typ] {
					g.Accounts = append(g.Accounts, account)
				}
			}
			if len(g.Accounts) > 0 {
				out = append(out, g)
			}
		}
	}
	return out
}

// Gap is a type of evidence that was not collected in some accounts.
type Gap struct {
	Type     string
	Accounts []string
}
