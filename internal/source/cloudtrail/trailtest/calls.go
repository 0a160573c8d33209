package trailtest

import "strings"

// call is a kind of record, and how often it comes.
type call struct {
	service, name string
	weight        int
	read, data    bool
	byService     bool // by AWS's services only
	refused       int  // of a thousand
	parameters    func(m *Maker, account, region string)
	resources     func(m *Maker, account, region string)
}

var weights = func() (sum int) {
	for _, c := range calls {
		sum += c.weight
	}
	return sum
}()

// calls are what busy accounts log, the commonest first.
var calls = []call{
	{service: "s3", name: "GetObject", weight: 200, read: true, data: true, refused: 8, parameters: object, resources: objectARN},
	{service: "s3", name: "PutObject", weight: 70, data: true, refused: 2, parameters: object, resources: objectARN},
	{service: "sts", name: "AssumeRole", weight: 130, read: true, refused: 4, parameters: assume, resources: roleARN},
	{service: "kms", name: "Decrypt", weight: 150, read: true, refused: 3, parameters: decrypt, resources: keyARN},
	{service: "kms", name: "GenerateDataKey", weight: 40, read: true, parameters: decrypt, resources: keyARN},
	{service: "ec2", name: "DescribeInstances", weight: 80, read: true, refused: 5, parameters: describe},
	{service: "ec2", name: "DescribeSecurityGroups", weight: 30, read: true, parameters: describe},
	{service: "ec2", name: "DescribeNetworkInterfaces", weight: 30, read: true, parameters: describe},
	{service: "logs", name: "CreateLogStream", weight: 50, parameters: stream},
	{service: "ssm", name: "GetParameter", weight: 40, read: true, refused: 10, parameters: parameter, resources: nil},
	{service: "secretsmanager", name: "GetSecretValue", weight: 25, read: true, refused: 6, parameters: secret},
	{service: "lambda", name: "Invoke", weight: 40, data: true, parameters: invoke},
	{service: "lambda", name: "GetFunction20150331v2", weight: 10, read: true, parameters: invoke},
	{service: "dynamodb", name: "DescribeTable", weight: 30, read: true, parameters: table},
	{service: "ecr", name: "BatchGetImage", weight: 15, read: true, parameters: image},
	{service: "sts", name: "GetCallerIdentity", weight: 20, read: true, parameters: nothing},
	{service: "iam", name: "GetRole", weight: 20, read: true, refused: 20, parameters: role},
	{service: "iam", name: "AttachRolePolicy", weight: 2, refused: 50, parameters: attach},
	{service: "iam", name: "CreateAccessKey", weight: 1, refused: 100, parameters: accessKey},
	{service: "ec2", name: "AuthorizeSecurityGroupIngress", weight: 2, refused: 30, parameters: ingress},
	{service: "ec2", name: "RunInstances", weight: 3, refused: 20, parameters: run},
	{service: "s3", name: "GetBucketAcl", weight: 12, read: true, byService: true, parameters: acl},
}

func nothing(m *Maker, _, _ string) { m.add(`,"requestParameters":null,"responseElements":null`) }

func (m *Maker) bucket(account string) string {
	return []string{"orders", "exports", "logs", "artifacts"}[m.r.IntN(4)] + "-" + account
}

func object(m *Maker, account, region string) {
	b := m.bucket(account)
	m.add(`,"requestParameters":{"bucketName":"%s","Host":"%s.s3.%s.amazonaws.com","key":"year=2026/month=03/part-%05d-%08x.snappy.parquet"},"responseElements":null`, b, b, region, m.r.IntN(20000), m.r.Uint32())
	m.add(`,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":%d,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%016x%016x%016x=","bytesTransferredOut":%d}`,
		m.r.IntN(9), m.r.Uint64(), m.r.Uint64(), m.r.Uint64(), m.r.IntN(1<<20))
}

func objectARN(m *Maker, account, _ string) {
	b := m.bucket(account)
	m.add(`,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::%s/year=2026/month=03/part-%05d.snappy.parquet"},{"accountId":"%s","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::%s"}]`, b, m.r.IntN(20000), account, b)
}

func assume(m *Maker, account, _ string) {
	r := roles[m.r.IntN(len(roles))]
	m.add(`,"requestParameters":{"roleArn":"arn:aws:iam::%s:role/%s","roleSessionName":"session-%d","durationSeconds":3600}`, account, r, m.r.IntN(4000))
	m.add(`,"responseElements":{"credentials":{"accessKeyId":"ASIA%016X","sessionToken":"%s","expiration":"Mar 2, 2026, 11:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROA%s:session","arn":"arn:aws:sts::%s:assumed-role/%s/session"}}`,
		m.r.Uint64(), m.token(), m.id(r), account, r)
}

// token is as long and as dense as a part of a session token that is logged.
func (m *Maker) token() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var b strings.Builder
	for range 60 {
		b.WriteByte(letters[m.r.IntN(len(letters))])
	}
	return b.String()
}

func roleARN(m *Maker, account, _ string) {
	m.add(`,"resources":[{"accountId":"%s","type":"AWS::IAM::Role","ARN":"arn:aws:iam::%s:role/%s"}]`, account, account, roles[m.r.IntN(len(roles))])
}

func decrypt(m *Maker, account, region string) {
	m.add(`,"requestParameters":{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::%s"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"},"responseElements":null,"additionalEventData":{"keyMaterialId":"%016x%016x"}`,
		m.bucket(account), m.r.Uint64(), m.r.Uint64())
}

func keyARN(m *Maker, account, region string) {
	m.add(`,"resources":[{"accountId":"%s","type":"AWS::KMS::Key","ARN":"arn:aws:kms:%s:%s:key/%08x-1111-4222-8333-%012x"}]`, account, region, account, m.r.IntN(9)*0x1010101, m.r.IntN(9)*0x10101)
}

func describe(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"maxResults":1000,"%s":{},"filterSet":{"items":[{"name":"tag:team","valueSet":{"items":[{"value":"payments"},{"value":"shop"}]}},{"name":"vpc-id","valueSet":{"items":[{"value":"vpc-0%08x"}]}}]}},"responseElements":null`,
		[]string{"instancesSet", "securityGroupSet", "networkInterfaceIdSet"}[m.r.IntN(3)], m.r.IntN(30)*0x1111111)
}

func stream(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"logStreamName":"2026/03/02/[$LATEST]%016x%016x","logGroupName":"/aws/lambda/orders-%d"},"responseElements":null,"apiVersion":"20140328"`, m.r.Uint64(), m.r.Uint64(), m.r.IntN(40))
}

func parameter(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"name":"/shop/prod/setting-%d","withDecryption":true},"responseElements":null`, m.r.IntN(300))
}

func secret(m *Maker, account, region string) {
	m.add(`,"requestParameters":{"secretId":"arn:aws:secretsmanager:%s:%s:secret:db-%d-AbCdEf"},"responseElements":null`, region, account, m.r.IntN(60))
}

func invoke(m *Maker, account, region string) {
	m.add(`,"requestParameters":{"functionName":"arn:aws:lambda:%s:%s:function:orders-%d","invocationType":"RequestResponse"},"responseElements":null,"additionalEventData":{"customerEniId":"","functionVersion":"$LATEST"}`, region, account, m.r.IntN(40))
}

func table(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"tableName":"orders-%d"},"responseElements":null,"apiVersion":"2012-08-10"`, m.r.IntN(20))
}

func image(m *Maker, account, _ string) {
	m.add(`,"requestParameters":{"registryId":"%s","repositoryName":"shop/orders","imageIds":[{"imageTag":"v1.%d"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json","application/vnd.docker.distribution.manifest.v2+json"]},"responseElements":null`, account, m.r.IntN(90))
}

func role(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"roleName":"%s"},"responseElements":null`, roles[m.r.IntN(len(roles))])
}

func attach(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"policyArn":"arn:aws:iam::aws:policy/ReadOnlyAccess","roleName":"%s"},"responseElements":null`, roles[m.r.IntN(len(roles))])
}

func accessKey(m *Maker, _, _ string) {
	u := people[m.r.IntN(len(people))]
	m.add(`,"requestParameters":{"userName":"%s"},"responseElements":{"accessKey":{"accessKeyId":"AKIA%s","status":"Active","userName":"%s","createDate":"Mar 2, 2026 10:00:00 AM"}}`, u, m.id(u), u)
}

func ingress(m *Maker, _, _ string) {
	m.add(`,"requestParameters":{"groupId":"sg-0%08x","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.0.0.0/16","description":"inside \"only\""}]},"ipv6Ranges":{},"prefixListIds":{}}]}},"responseElements":{"requestId":"%s","_return":true}`, m.r.Uint32(), m.uuid())
}

func run(m *Maker, account, _ string) {
	m.add(`,"requestParameters":{"instancesSet":{"items":[{"imageId":"ami-0%08x","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false}`, m.r.Uint32())
	m.add(`,"responseElements":{"requestId":"%s","reservationId":"r-0%08x","ownerId":"%s","instancesSet":{"items":[{"instanceId":"i-0%016x","imageId":"ami-01","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-1-2.eu-west-1.compute.internal"}]}}`, m.uuid(), m.r.Uint32(), account, m.r.Uint64())
}

func acl(m *Maker, account, region string) {
	b := m.bucket(account)
	m.add(`,"requestParameters":{"acl":"","bucketName":"%s","Host":"%s.s3.%s.amazonaws.com"},"responseElements":null`, b, b, region)
}
