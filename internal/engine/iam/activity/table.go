package activity

// The tables say where the names of events and of actions part. What is not in them
// has the first label of eventSource as its prefix and eventName as its name.

// prefixes are the services whose prefix in policies is not the name of their
// endpoint.
var prefixes = map[string]string{
	"monitoring": "cloudwatch", "email": "ses", "tagging": "tag", "appstream2": "appstream",
	"models.lex": "lex", "runtime.lex": "lex", "models-v2-lex": "lex", "runtime-v2-lex": "lex",
	"mturk-requester": "mechanicalturk", "streams.dynamodb": "dynamodb", "dax": "dax",
	"cloudcontrolapi": "cloudformation", "pinpoint": "mobiletargeting", "qconnect": "wisdom", "rdsdata": "rds-data",
	"billingconsole": "billing", "pricelist": "pricing", "migrationhub": "mgh", "transcribestreaming": "transcribe", "taxconsole": "tax",
	"opensearchservice": "es", "contact-lens": "connect", "participant.connect": "connect", "participant-connect": "connect",
	"servicecatalog-appregistry": "servicecatalog", "iotdata": "iot", "data.iot": "iot",
	"discovery-marketplace": "aws-marketplace", "reporting-marketplace": "aws-marketplace", "marketplacecatalog": "aws-marketplace",
	"management-marketplace": "aws-marketplace-management", "bedrock-runtime": "bedrock",
}

// renamed are the events whose actions have other names, most of all those of
// Amazon S3, where the action is that of a permission, not of a call. Names are
// without version suffix. A + joins actions that are all needed; a parameter in
// front of an action is where that action's resource stands.
var renamed = map[string]string{
	"lambda:Invoke": "lambda:InvokeFunction", "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",

	"s3:ListBuckets": "s3:ListAllMyBuckets", "s3:ListDirectoryBuckets": "s3express:ListAllMyDirectoryBuckets",
	"s3:HeadBucket": "s3:ListBucket", "s3:ListObjects": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket",
	"s3:ListObjectVersions": "s3:ListBucketVersions", "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
	"s3:ListParts": "s3:ListMultipartUploadParts", "s3:HeadObject": "s3:GetObject", "s3:SelectObjectContent": "s3:GetObject",
	"s3:CopyObject": "x-amz-copy-source=s3:GetObject + s3:PutObject", "s3:UploadPartCopy": "x-amz-copy-source=s3:GetObject + s3:PutObject",
	"s3:CreateMultipartUpload": "s3:PutObject", "s3:UploadPart": "s3:PutObject", "s3:CompleteMultipartUpload": "s3:PutObject",
	"s3:PostObject": "s3:PutObject", "s3:DeleteObjects": "s3:DeleteObject", "s3:RenameObject": "s3:PutObject",
	"s3:GetBucketEncryption": "s3:GetEncryptionConfiguration", "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration", "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
	"s3:GetBucketLifecycle": "s3:GetLifecycleConfiguration", "s3:PutBucketLifecycle": "s3:PutLifecycleConfiguration", "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
	"s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration", "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
	"s3:GetBucketReplication": "s3:GetReplicationConfiguration", "s3:PutBucketReplication": "s3:PutReplicationConfiguration", "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
	"s3:GetBucketInventory": "s3:GetInventoryConfiguration", "s3:PutBucketInventory": "s3:PutInventoryConfiguration", "s3:DeleteBucketInventory": "s3:PutInventoryConfiguration",
	"s3:GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration", "s3:PutBucketInventoryConfiguration": "s3:PutInventoryConfiguration",
	"s3:DeleteBucketInventoryConfiguration": "s3:PutInventoryConfiguration", "s3:ListBucketInventoryConfigurations": "s3:GetInventoryConfiguration",
	"s3:GetBucketMetrics": "s3:GetMetricsConfiguration", "s3:PutBucketMetrics": "s3:PutMetricsConfiguration", "s3:DeleteBucketMetrics": "s3:PutMetricsConfiguration",
	"s3:GetBucketMetricsConfiguration": "s3:GetMetricsConfiguration", "s3:PutBucketMetricsConfiguration": "s3:PutMetricsConfiguration",
	"s3:DeleteBucketMetricsConfiguration": "s3:PutMetricsConfiguration", "s3:ListBucketMetricsConfigurations": "s3:GetMetricsConfiguration",
	"s3:GetBucketAnalytics": "s3:GetAnalyticsConfiguration", "s3:PutBucketAnalytics": "s3:PutAnalyticsConfiguration", "s3:DeleteBucketAnalytics": "s3:PutAnalyticsConfiguration",
	"s3:GetBucketAnalyticsConfiguration": "s3:GetAnalyticsConfiguration", "s3:PutBucketAnalyticsConfiguration": "s3:PutAnalyticsConfiguration",
	"s3:DeleteBucketAnalyticsConfiguration": "s3:PutAnalyticsConfiguration", "s3:ListBucketAnalyticsConfigurations": "s3:GetAnalyticsConfiguration",
	"s3:GetBucketIntelligentTieringConfiguration": "s3:GetIntelligentTieringConfiguration", "s3:PutBucketIntelligentTieringConfiguration": "s3:PutIntelligentTieringConfiguration",
	"s3:DeleteBucketIntelligentTieringConfiguration": "s3:PutIntelligentTieringConfiguration", "s3:ListBucketIntelligentTieringConfigurations": "s3:GetIntelligentTieringConfiguration",
	"s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration", "s3:PutBucketAccelerateConfiguration": "s3:PutAccelerateConfiguration",
	"s3:GetBucketAccelerate": "s3:GetAccelerateConfiguration", "s3:PutBucketAccelerate": "s3:PutAccelerateConfiguration",
	"s3:DeleteBucketCors": "s3:PutBucketCORS", "s3:DeleteBucketTagging": "s3:PutBucketTagging", "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
	"s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification", "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
	"s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock", "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
	"s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock", "s3:DeleteBucketPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
	"s3:DeleteAccountPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
	"s3:GetObjectLockConfiguration":     "s3:GetBucketObjectLockConfiguration", "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
	"s3:GetStorageLensDashboardDataInternal": "s3:GetStorageLensDashboard",

	"kms:ReEncrypt": "sourceKeyId=kms:ReEncryptFrom + destinationKeyId=kms:ReEncryptTo",

	"dynamodb:TransactGetItems": "dynamodb:GetItem",

	"bedrock:Converse": "bedrock:InvokeModel", "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
	"bedrock:InvokeModelWithBidirectionalStream": "bedrock:InvokeModel",

	"budgets:CreateBudget": "budgets:ModifyBudget", "budgets:UpdateBudget": "budgets:ModifyBudget", "budgets:DeleteBudget": "budgets:ModifyBudget",
	"budgets:CreateNotification": "budgets:ModifyBudget", "budgets:UpdateNotification": "budgets:ModifyBudget", "budgets:DeleteNotification": "budgets:ModifyBudget",
	"budgets:CreateSubscriber": "budgets:ModifyBudget", "budgets:UpdateSubscriber": "budgets:ModifyBudget", "budgets:DeleteSubscriber": "budgets:ModifyBudget",
	"budgets:DescribeBudget": "budgets:ViewBudget", "budgets:DescribeBudgets": "budgets:ViewBudget", "budgets:DescribeBudgetPerformanceHistory": "budgets:ViewBudget",
	"budgets:DescribeNotificationsForBudget": "budgets:ViewBudget", "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
	"budgets:DescribeBudgetNotificationsForAccount": "budgets:ViewBudget",
}

// unasked are the events for which no permission is needed.
var unasked = map[string]bool{
	"sts:GetCallerIdentity": true, "sts:GetSessionToken": true, "dynamodb:DescribeEndpoints": true,
}

// versioned are the actions on objects that have another name when the request
// names a version.
var versioned = map[string]string{
	"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion", "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
	"s3:PutObjectAcl": "s3:PutObjectVersionAcl", "s3:GetObjectTagging": "s3:GetObjectVersionTagging", "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
	"s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging", "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes", "s3:GetObjectTorrent": "s3:GetObjectVersionTorrent",
}
