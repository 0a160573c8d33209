package cloudtrail_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// BenchmarkReader reads recorded events out of gzip files, to the fields that every
// reader of events needs.
func BenchmarkReader(b *testing.B) {
	var records []string
	for i := range 5000 {
		records = append(records, record(i, `"userIdentity":{"type":"AssumedRole","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIAX",`+
			`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"arn:aws:iam::111122223333:role/app","accountId":"111122223333","userName":"app"},"attributes":{"creationDate":"2024-05-01T09:00:00Z","mfaAuthenticated":"false"}}},`+
			`"sourceIPAddress":"192.0.2.10","userAgent":"aws-sdk-go-v2/1.30.0 os/linux lang/go#1.23.0 md/GOOS#linux md/GOARCH#amd64 api/s3#1.60.0","requestParameters":{"bucketName":"example-bucket","Host":"example-bucket.s3.eu-west-1.amazonaws.com","key":"path/to/object-`+strings.Repeat("7", i%9)+`"},`+
			`"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"abc+def/ghi=","bytesTransferredOut":1024},`+
			`"requestID":"ABCDEF0123456789","readOnly":true,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::example-bucket/path/to/object"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::example-bucket"}],`+
			`"eventType":"AwsApiCall","managementEvent":false,"eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"example-bucket.s3.eu-west-1.amazonaws.com"}`))
	}
	name := filepath.Join(b.TempDir(), "a.json.gz")
	if err := os.WriteFile(name, []byte(zipped(`{"Records":[`+strings.Join(records, ",")+`]}`)), 0o644); err != nil {
		b.Fatal(err)
	}
	if !json.Valid([]byte(records[0])) {
		b.Fatal(records[0])
	}
	files, err := cloudtrail.Local(name)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range (&cloudtrail.Reader{Files: files}).Events(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
