package aws

import (
	"fmt"
	"strings"
)

// CredentialsError says that AWS did not accept the credentials of the run
// itself; nothing can be collected until they are renewed.
type CredentialsError struct {
	Profile string
	Err     error
}

func (e *CredentialsError) Error() string {
	next := "set AWS_PROFILE, or run \"aws sso login\""
	if e.Profile != "" {
		next = fmt.Sprintf("run \"aws sso login --profile %s\", or renew that profile's keys", e.Profile)
	}
	what := "there are no usable AWS credentials"
	for _, code := range expired {
		if Code(e.Err) == code {
			what = "the AWS credentials have expired"
		}
	}
	if text := e.Err.Error(); strings.Contains(text, "token has expired") || strings.Contains(text, "refresh cached SSO token") {
		what = "the AWS SSO session has expired"
	}
	_, detail := Classify(e.Err)
	switch text := e.Err.Error(); {
	case strings.Contains(text, "failed to read cached SSO token file"):
		return fmt.Sprintf("there is no AWS SSO session yet; %s, then run the same command again", next)
	case strings.Contains(text, "no EC2 IMDS role found"):
		return fmt.Sprintf("there are no usable AWS credentials (neither in the environment, nor in ~/.aws, nor from the machine); %s, then run the same command again", next)
	}
	// The chain wraps the one telling sentence into the names of its parts.
	if _, inner, ok := strings.Cut(detail, "get credentials: "); ok {
		detail = strings.TrimPrefix(inner, "failed to refresh cached credentials, ")
	}
	return fmt.Sprintf("%s (%s); %s, then run the same command again", what, detail, next)
}

func (e *CredentialsError) Unwrap() error { return e.Err }

// NotSavedError is a call whose answer the directory of saved responses lacks.
type NotSavedError struct{ Path, Input string }

func (e *NotSavedError) Error() string {
	if e.Input != "" {
		return fmt.Sprintf("no saved response in %s for the input %s", e.Path, e.Input)
	}
	return "no saved response " + e.Path
}

// SavedError is a saved response that cannot be read.
type SavedError struct {
	Path string
	Err  error
}

func (e *SavedError) Error() string { return fmt.Sprintf("saved response %s: %v", e.Path, e.Err) }

func (e *SavedError) Unwrap() error { return e.Err }
