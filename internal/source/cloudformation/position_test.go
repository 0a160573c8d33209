package cloudformation_test

import (
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudformation"
)

const positionsYAML = `Parameters:
  P: {Type: String}
Conditions:
  C: !Equals [!Ref P, x]
Resources:
  Ümlaut:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: b
      Tags:
        - Key: a
          Value: b
        - !If [C, {Key: c, Value: d}, !Ref AWS::NoValue]
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - !Ref AWS::NoValue
          - BucketKeyEnabled: true
`

const positionsJSON = `{"Resources": {
  "Ü": {"Type": "AWS::S3::Bucket", "Properties": {
    "BucketName": "ü", "Tags": [{"Key": "a", "Value": "b"},
      {"Key": "c", "Value": "d\u00fc"}]
  }}}}`

func TestPositions(t *testing.T) {
	type at struct {
		path         string
		line, column int
	}
	check := func(name, text string, line, column int, want []at) {
		t.Helper()
		got, err := cloudformation.Parse(name, []byte(text), cloudformation.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := got.Resources[0].Origin
		if o.File != name || o.Line != line || o.Column != column {
			t.Errorf("%s: resource at %s:%d:%d, want %d:%d", name, o.File, o.Line, o.Column, line, column)
		}
		for _, w := range want {
			if l, c := o.At(w.path); l != w.line || c != w.column {
				t.Errorf("%s: %s at %d:%d, want %d:%d", name, w.path, l, c, w.line, w.column)
			}
		}
	}
	check("p.yaml", positionsYAML, 6, 3, []at{
		{"", 6, 3}, {"BucketName", 9, 7}, {"Tags", 10, 7}, {"Tags/0", 11, 11}, {"Tags/0/Value", 12, 11}, {"Tags/1", 13, 11},
		{"BucketEncryption/ServerSideEncryptionConfiguration/0/BucketKeyEnabled", 17, 13},
		{"BucketEncryption/ServerSideEncryptionConfiguration/0/Missing/Deeper", 17, 13},
		{"NotDeclared", 6, 3},
	})
	check("p.json", positionsJSON, 2, 3, []at{
		{"BucketName", 3, 5}, {"Tags", 3, 24}, {"Tags/0/Key", 3, 34}, {"Tags/1/Value", 4, 20},
	})
}
