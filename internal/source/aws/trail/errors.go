package trail

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// Error is a request that AWS did not grant.
type Error struct {
	Operation string
	What      string // s3://bucket/key, or the queue
	Err       error
	reason    evidence.Reason
	detail    string
}

func refused(operation, what string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Operation: operation, What: what, Err: err}
	if e.reason, e.detail = aws.Classify(err); e.reason == evidence.Interrupted {
		return err
	}
	switch aws.Code(err) {
	case "NoSuchBucket", "NotFound", "NoSuchKey", "NotModified", "PreconditionFailed", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist":
		e.reason = evidence.Failed
	case "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken":
		e.reason = evidence.Denied
	case "503", "ServiceUnavailable":
		e.reason = evidence.Throttled
	}
	return e
}

func (e *Error) Error() string {
	hint := ""
	switch code := aws.Code(e.Err); {
	case slices.Contains([]string{"NoSuchBucket", "NotFound"}, code) && e.Operation != "GetObject":
		hint = "; there is no such bucket, check the name"
	case slices.Contains([]string{"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}, code):
		hint = "; check the URL of the queue and its Region"
	case slices.Contains(expired, code):
		hint = "; the AWS credentials have expired, run \"aws sso login\" or renew them, then the same command again"
	case slices.Contains(wrong, code):
		hint = "; AWS does not know these credentials, check AWS_PROFILE and --profile"
	case slices.Contains(moved, code):
		hint = "; the bucket is in another Region, set AWS_REGION to that"
	case e.reason == evidence.Denied:
		hint = "; docs/permissions.md says what reading trails needs"
	case e.reason == evidence.Throttled:
		hint = "; AWS asks for less at a time, run the same command again later"
	}
	return fmt.Sprintf("%s: %s: %s%s", e.What, e.Operation, e.detail, hint)
}

// Codes of AWS that say the same to a person.
var (
	expired = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
	wrong   = []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken"}
	moved   = []string{"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)

func (e *Error) Unwrap() error { return e.Err }

// Reason says what kind of gap the refusal leaves.
func (e *Error) Reason() evidence.Reason { return e.reason }

// Is lets callers ask with the errors of io/fs.
func (e *Error) Is(target error) bool {
	switch {
	case errors.Is(target, fs.ErrPermission):
		return e.reason == evidence.Denied
	case errors.Is(target, fs.ErrNotExist):
		return aws.Is(e.Err, "NoSuchBucket", "NotFound", "NoSuchKey")
	}
	return false
}
