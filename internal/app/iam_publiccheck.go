package app

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// PublicOptions say which policy to check, and what it is attached to.
type PublicOptions struct {
	Path     string // a file, or - for In
	In       io.Reader
	Type     string // of the resource, one of PublicTypes; empty: the policy tells
	Account  string // owner; empty: not known
	Actions  []string
	Resource string // ARN; empty: one of the type
}

// publicTypes are names for what a policy is attached to, with an ARN such as
// the resource has. It decides what "*" stands for.
var publicTypes = map[string]string{
	"s3": "arn:aws:s3:::bucket", "s3-access-point": "arn:aws:s3:us-east-1:{account}:accesspoint/point", "s3express": "arn:aws:s3express:us-east-1:{account}:bucket/bucket--use1-az4--x-s3",
	"sqs": "arn:aws:sqs:us-east-1:{account}:queue", "sns": "arn:aws:sns:us-east-1:{account}:topic", "kms": "arn:aws:kms:us-east-1:{account}:key/11111111-2222-3333-4444-555555555555",
	"lambda": "arn:aws:lambda:us-east-1:{account}:function:function", "secretsmanager": "arn:aws:secretsmanager:us-east-1:{account}:secret:secret-AbCdEf",
	"ecr": "arn:aws:ecr:us-east-1:{account}:repository/repository", "efs": "arn:aws:elasticfilesystem:us-east-1:{account}:file-system/fs-11111111",
	"es": "arn:aws:es:us-east-1:{account}:domain/domain", "dynamodb": "arn:aws:dynamodb:us-east-1:{account}:table/table", "kinesis": "arn:aws:kinesis:us-east-1:{account}:stream/stream",
	"backup": "arn:aws:backup:us-east-1:{account}:backup-vault:vault", "logs": "arn:aws:logs:us-east-1:{account}:log-group:group", "events": "arn:aws:events:us-east-1:{account}:event-bus/bus",
	"glacier": "arn:aws:glacier:us-east-1:{account}:vaults/vault", "execute-api": "arn:aws:execute-api:us-east-1:{account}:api", "glue": "arn:aws:glue:us-east-1:{account}:catalog",
	"codeartifact": "arn:aws:codeartifact:us-east-1:{account}:repository/domain/repository", "ses": "arn:aws:ses:us-east-1:{account}:identity/example.com",
	"trust": "arn:aws:iam::{account}:role/role",
}

// PublicTypes are the names of what a policy can be attached to.
func PublicTypes() []string { return slices.Sorted(maps.Keys(publicTypes)) }

// PublicCheck tells whether one policy is public, and why.
func PublicCheck(o PublicOptions) (*policy.Document, exposure.Verdict, error) {
	zone := exposure.Zone{Account: o.Account, Resource: o.Resource}
	if o.Type != "" {
		arn, ok := publicTypes[o.Type]
		if !ok {
			return nil, exposure.Verdict{}, Usage(fmt.Errorf("--type: %q is not one of %s", o.Type, strings.Join(PublicTypes(), ", ")))
		}
		account := o.Account
		if account == "" {
			account = "111122223333"
		}
		if zone.Resource == "" {
			zone.Resource = strings.ReplaceAll(arn, "{account}", account)
		}
	}
	text, err := policyText(o)
	if err != nil {
		return nil, exposure.Verdict{}, Usage(err)
	}
	doc, problems := policy.Parse(unwrapInPlace(text))
	if len(problems) > 0 {
		errs := []error{fmt.Errorf("%s: AWS would refuse this policy; `holdfast iam lint %s` says more", o.Path, o.Path)}
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s", o.Path, p.Position.Line, p.Position.Column, p.Message))
		}
		return nil, exposure.Verdict{}, Usage(errors.Join(errs...))
	}
	for i := range doc.Statements {
		if s := &doc.Statements[i]; s.Principals == nil && s.NotPrincipals == nil {
			return nil, exposure.Verdict{}, Usage(fmt.Errorf("%s: statement %d has no Principal, so this is no policy of a resource; what an identity policy makes possible tells `holdfast iam paths --policy %s`", o.Path, i+1, o.Path))
		}
	}
	return doc, exposure.Judge(doc, zone, o.Actions...), nil
}

func policyText(o PublicOptions) ([]byte, error) {
	in := o.In
	if o.Path != "-" {
		file, err := os.Open(o.Path)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", o.Path, err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxPolicyText+1))
	if err == nil && len(text) > maxPolicyText {
		err = fmt.Errorf("more than %d KiB, and no policy is as large", maxPolicyText>>10)
	}
	if err != nil {
		err = fmt.Errorf("cannot read %s: %w", o.Path, err)
	}
	return text, err
}
