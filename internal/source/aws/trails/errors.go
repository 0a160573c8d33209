package trails

import (
	"errors"
	"fmt"
	"io/fs"

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

func told(operation, what string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Operation: operation, What: what, Err: err}
	e.reason, e.detail = aws.Classify(err)
	switch aws.Code(err) {
	case "NoSuchBucket", "NotFound", "NoSuchKey", "NotModified", "PreconditionFailed", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist":
		e.reason = evidence.Failed
	case "403", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		e.reason = evidence.Denied
	case "503", "ServiceUnavailable":
		e.reason = evidence.Throttled
	}
	return e
}

func (e *Error) Error() string {
	hint := ""
	switch aws.Code(e.Err) {
	case "NoSuchBucket", "NotFound":
		hint = "; check the name of the bucket"
	case "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue":
		hint = "; check the URL of the queue and its Region"
	}
	return fmt.Sprintf("%s: %s: %s%s", e.What, e.Operation, e.detail, hint)
}

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
