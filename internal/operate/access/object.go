package access

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Object is the resource with this ARN, which may be a part of one that was
// seen: an object in a bucket, a version of a function. It is never nil: what
// was not seen is unseen in it. "*" stands for actions on no resource in
// particular.
func (e *Estate) Object(arn string) *Object {
	if o, ok := e.objectAt[arn]; ok {
		return o
	}
	if whole := e.whole(arn); whole != nil {
		part := *whole
		part.ARN, part.Tags, part.TagsSeen = arn, nil, false
		return &part
	}
	o := &Object{ARN: arn}
	if arn == "*" {
		return o
	}
	a, ok := policy.SplitARN(arn)
	if !ok {
		o.Policy = &iam.Set{Unseen: fmt.Sprintf("%q is not the ARN of a resource", arn)}
		return o
	}
	o.Region, o.Account = a.Region, a.Account
	if !policy.IsAccount(o.Account) {
		o.Account = "" // aws, for what AWS owns, is nobody's either
	}
	o.callers = o.Account == "" && e.seen.alone
	e.own(o)
	if why := e.hides(a.Service, a.Resource, o.Account); why != "" {
		o.Policy = &iam.Set{Unseen: why}
		if a.Service == "s3" {
			o.Bucket = &iam.Bucket{}
		}
	}
	return o
}

// whole is what an ARN names a part of; nil where that was not seen either.
func (e *Estate) whole(arn string) *Object {
	a, ok := policy.SplitARN(arn)
	if !ok {
		return nil
	}
	head := strings.TrimSuffix(arn, a.Resource)
	switch a.Service {
	case "s3", "s3express", "dynamodb", "es", "execute-api", "backup":
		name := a.Resource
		depth := 1
		if a.Service == "dynamodb" || a.Service == "es" || strings.HasPrefix(name, "bucket/") {
			depth = 2 // table/name/index/…, domain/name/…
		} else if strings.HasPrefix(name, "accesspoint/") {
			depth = 2
		}
		return e.objectAt[head+firstParts(name, depth)]
	case "lambda":
		// function:name:qualifier
		if list := strings.SplitN(a.Resource, ":", 3); len(list) == 3 {
			return e.objectAt[head+list[0]+":"+list[1]]
		}
	case "secretsmanager":
		return e.secret(arn)
	}
	return nil
}

// firstParts is a path without what lies below some depth.
func firstParts(path string, depth int) string {
	end := 0
	for range depth {
		i := strings.IndexByte(path[end:], '/')
		if i < 0 {
			return path
		}
		end += i + 1
	}
	return path[:end-1]
}

// secret finds a secret that goes by its name without the six random characters
// that AWS adds to its ARN.
func (e *Estate) secret(arn string) *Object {
	for _, o := range e.objects {
		if rest, ok := strings.CutPrefix(o.ARN, arn+"-"); ok && len(rest) == 6 && !strings.ContainsAny(rest, "-/") {
			return o
		}
	}
	return nil
}

// hides says why a resource that was not seen may have a policy; "" where its
// service has none.
func (e *Estate) hides(service, resource, account string) string {
	if e.seen.alone {
		return ""
	}
	if !policied[service] && !(service == "iam" && strings.HasPrefix(resource, "role/")) {
		return ""
	}
	if service == "iam" {
		if why := e.seen.missing(account, typeRole); why != "" {
			return why
		}
	}
	return "the resource is not in the evidence, so its policy was not seen"
}

// FindObject is the resource that a person named: by ARN, as s3://bucket/key, or
// by the last part of its ARN where only one has it.
func (e *Estate) FindObject(name string) (*Object, error) {
	if rest, ok := strings.CutPrefix(name, "s3://"); ok {
		return e.bucket(strings.TrimSuffix(rest, "/")), nil
	}
	if name == "*" || strings.HasPrefix(name, "arn:") {
		return e.Object(name), checkARN(name)
	}
	var found []*Object
	for _, o := range e.objects {
		if rest, ok := strings.CutSuffix(o.ARN, name); ok && (strings.HasSuffix(rest, ":") || strings.HasSuffix(rest, "/")) {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		// Users have no policy that lets others in, but are acted on all the same.
		for _, s := range e.named(name) {
			found = append(found, e.Object(s.Principal.ARN))
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("the resource %q is %w; give its ARN", name, ErrNone)
	case 1:
		return found[0], nil
	}
	var arns []string
	for _, o := range found[:min(len(found), most)] {
		arns = append(arns, o.ARN)
	}
	return nil, fmt.Errorf("%q is the name of %d resources; give the ARN of the one you mean:\n  %s", name, len(found), strings.Join(arns, "\n  "))
}

// bucket is a bucket, or something in one, in the partition where it was seen.
func (e *Estate) bucket(path string) *Object {
	for _, partition := range []string{"aws-cn", "aws-us-gov"} {
		if o := e.Object("arn:" + partition + ":s3:::" + path); o.Seen {
			return o
		}
	}
	return e.Object("arn:aws:s3:::" + path)
}

func checkARN(arn string) error {
	if arn != "*" && strings.Count(arn, ":") < 5 {
		return fmt.Errorf("%q is not a whole ARN; it has six parts, such as arn:aws:s3:::bucket/key", arn)
	}
	return nil
}
