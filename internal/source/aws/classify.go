package aws

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"holdfast.dev/holdfast/internal/evidence"
)

// CallError is an error of one operation.
type CallError struct {
	Service   string
	Operation string
	Err       error
}

func (e *CallError) Error() string {
	return e.Service + ":" + e.Operation + ": " + e.Err.Error()
}

func (e *CallError) Unwrap() error { return e.Err }

// Code is the error code AWS answered, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Message is the text AWS answered beside the code, or "".
func Message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// Is tells whether AWS answered one of these codes. Collectors use it for the
// answers that mean "not configured", which are knowledge and no gap.
func Is(err error, codes ...string) bool {
	code := Code(err)
	for _, c := range codes {
		if code == c && code != "" {
			return true
		}
	}
	return false
}

var codeReasons = map[string]evidence.Reason{
	"AccessDenied": evidence.Denied, "AccessDeniedException": evidence.Denied, "AccessDeniedFault": evidence.Denied,
	"AuthorizationError": evidence.Denied, "AuthorizationErrorException": evidence.Denied, "Forbidden": evidence.Denied,
	"UnauthorizedOperation": evidence.Denied, "UnauthorizedAccess": evidence.Denied, "NotAuthorized": evidence.Denied,
	"UnauthorizedException": evidence.Denied, "NotAuthorizedException": evidence.Denied, "Client.UnauthorizedOperation": evidence.Denied,
	"AllAccessDisabled": evidence.Denied, "InvalidAccessException": evidence.Denied, "KMSAccessDeniedException": evidence.Denied, "InsufficientPermissionsException": evidence.Denied,

	"Throttling": evidence.Throttled, "ThrottlingException": evidence.Throttled, "ThrottledException": evidence.Throttled,
	"RequestThrottled": evidence.Throttled, "RequestThrottledException": evidence.Throttled, "TooManyRequestsException": evidence.Throttled,
	"TooManyRequests": evidence.Throttled, "RequestLimitExceeded": evidence.Throttled, "BandwidthLimitExceeded": evidence.Throttled,
	"SlowDown": evidence.Throttled, "PriorRequestNotComplete": evidence.Throttled, "EC2ThrottledException": evidence.Throttled,
	"ProvisionedThroughputExceededException": evidence.Throttled, "TransactionInProgressException": evidence.Throttled,

	"OptInRequired": evidence.Unsupported, "SubscriptionRequiredException": evidence.Unsupported, "InvalidAction": evidence.Unsupported,
	"UnknownOperationException": evidence.Unsupported, "UnsupportedOperation": evidence.Unsupported, "UnsupportedOperationException": evidence.Unsupported,
	"NotImplemented": evidence.Unsupported, "UnsupportedArgument": evidence.Unsupported, "MethodNotAllowed": evidence.Unsupported,
	"UnsupportedAPIEndpointException": evidence.Unsupported, "ServiceNotAvailable": evidence.Unsupported,
}

// expired are the codes after which no further call with the same credentials
// can succeed.
var expired = []string{"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}

// Classify says why a call failed, and its own words in a form that is the
// same whenever the same thing happens.
func Classify(err error) (evidence.Reason, string) {
	if err == nil {
		return evidence.Failed, ""
	}
	var refused *RefusedError
	var missing *NotSavedError
	var corrupt *SavedError
	switch {
	case errors.As(err, &refused):
		return evidence.Failed, refused.Error()
	case errors.As(err, &missing):
		return evidence.Failed, missing.Error()
	case errors.As(err, &corrupt):
		return evidence.Corrupt, corrupt.Error()
	case ended(err):
		return evidence.Interrupted, "the run ended first"
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		detail := tidy(api.ErrorCode() + ": " + api.ErrorMessage())
		if r, ok := codeReasons[api.ErrorCode()]; ok {
			return r, detail
		}
		return evidence.Failed, detail
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return evidence.Unsupported, "there is no endpoint " + dns.Name + "; the service is not offered in this Region, or the network cannot resolve it"
	}
	return evidence.Failed, tidy(err.Error())
}

// ended tells that the run's own context ended the call. A server that is
// silent for too long says of itself that it is a deadline too; the SDK wraps
// that as a request it could not send, and never the end of a context.
func ended(err error) bool {
	var unsent *smithyhttp.RequestSendError
	return !errors.As(err, &unsent) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

var (
	volatile = regexp.MustCompile(`(?i)[,;(]?\s*\b(request ?id|host ?id|extended request id|reference|encoded authorization failure message|proxy)\b\s*[:=]\s*[^\s,;)]*\)?|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|(127\.0\.0\.1|\[::1\]):[0-9]+->`)
	layers   = regexp.MustCompile(`\b(operation error [\w -]+: \w+|exceeded maximum number of attempts, \d+|https response error StatusCode: 0|RequestID: ,|request send failed|failed to bind endpoint params|canceled, context canceled), `)
	session  = regexp.MustCompile(`(:assumed-role/[^/\s]+)/[^\s"]+`)
	spaces   = regexp.MustCompile(`\s+`)
)

const maxDetail = 300

// tidy takes the SDK's layers, request ids, session names and line breaks out of an error text
// and shortens it.
func tidy(text string) string {
	if len(text) > 4096 {
		text = text[:4096]
	}
	text = layers.ReplaceAllString(text, "")
	text = volatile.ReplaceAllString(text, "")
	text = session.ReplaceAllString(text, "$1")
	text = strings.Trim(spaces.ReplaceAllString(text, " "), " :;,")
	text = strings.ToValidUTF8(text, "")
	if runes := []rune(text); len(runes) > maxDetail {
		text = strings.TrimSpace(string(runes[:maxDetail])) + "…"
	}
	return text
}
