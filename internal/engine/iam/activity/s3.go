package activity

import (
	"net/url"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// s3 finds the bucket or objects of a request to Amazon S3; nil where the request
// is on something else.
func (r *Record) s3(a asked) []target {
	partition := "arn:" + r.partition() + ":s3:::"
	bucket, key := r.param("bucketName", "bucket"), r.param("key")
	if a.only != nil { // the source of a copy: /bucket/key?versionId=…
		source, _, _ := strings.Cut(r.param(a.only...), "?")
		if plain, err := url.PathUnescape(source); err == nil {
			source = plain
		}
		bucket, key, _ = strings.Cut(strings.TrimPrefix(source, "/"), "/")
	}
	object, onObject := a.action.Use("object")
	_, onBucket := a.action.Use("bucket")
	if strings.HasPrefix(bucket, "arn:") { // an access point in the bucket's place
		if !onObject {
			return []target{{arn: bucket, kind: "accesspoint"}}
		}
		return []target{{arn: bucket + "/object/" + key, partial: key == "", kind: "accesspointobject"}}
	}
	if a.action.Service == "s3express" || !onObject && !onBucket {
		return nil
	}
	owner := ""
	var listed []target
	for _, res := range r.Resources {
		if a.only == nil && res.ARN == partition+bucket && policy.IsAccount(res.AccountID) {
			owner = res.AccountID
		}
		if rest, ok := strings.CutPrefix(res.ARN, partition); ok && a.only == nil && onObject && strings.Contains(rest, "/") {
			listed = append(listed, target{arn: res.ARN, kind: "object"})
		}
	}
	switch {
	case onObject && key == "" && len(listed) > 0:
		for i := range listed {
			listed[i].account = owner
		}
		return listed
	case onObject && bucket != "" && key != "":
		return []target{{arn: partition + bucket + "/" + key, account: owner, kind: "object"}}
	case onObject && bucket != "": // DeleteObjects does not tell its keys
		return []target{{arn: partition + bucket + "/", partial: true, account: owner, kind: object.Type.Name}}
	case onObject:
		return []target{{arn: partition, partial: true, kind: "object"}}
	case bucket != "":
		return []target{{arn: partition + bucket, account: owner, kind: "bucket"}}
	}
	return []target{{arn: partition, partial: true, kind: "bucket"}}
}
