package collect

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	maxReport     = 64 << 20 // bytes; an account has at most 5,000 users
	maxReportRows = 20_000
	maxPolls      = 30
	rootUser      = "<root_account>"
)

// credentialRow is one row of the credential report, as properties.
type credentialRow struct {
	user, arn  string
	properties map[string]any
}

// report takes the report that is there, or has one made. It names the
// operation that failed.
func (w *iamWalk) report(ctx context.Context) ([]credentialRow, string, error) {
	wait := time.Second
	for range maxPolls {
		out, err := aws.Call(ctx, w.s, "iam", "GetCredentialReport", w.client.GetCredentialReport, &iam.GetCredentialReportInput{})
		if err == nil {
			rows, err := parseCredentialReport(out.Content)
			return rows, "GetCredentialReport", err
		}
		if !aws.Is(err, "ReportNotPresent", "ReportExpired", "ReportInProgress", "CredentialReportNotPresentException", "CredentialReportExpiredException", "CredentialReportNotReadyException") {
			return nil, "GetCredentialReport", err
		}
		state, err := aws.Call(ctx, w.s, "iam", "GenerateCredentialReport", w.client.GenerateCredentialReport, &iam.GenerateCredentialReportInput{})
		if err != nil {
			return nil, "GenerateCredentialReport", err
		}
		if state.State == types.ReportStateTypeComplete {
			continue
		}
		if err := w.s.Wait(ctx, wait); err != nil {
			return nil, "GenerateCredentialReport", err
		}
		wait = min(2*wait, 15*time.Second)
	}
	return nil, "GenerateCredentialReport", errors.New("the credential report was not ready after several minutes; collect again later")
}

// parseCredentialReport reads the CSV by the names in its header: newer
// reports append columns, and the spelling of TRUE varies.
func parseCredentialReport(content []byte) ([]credentialRow, error) {
	if len(content) > maxReport {
		return nil, fmt.Errorf("the credential report has %d bytes; the limit is %d", len(content), maxReport)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("the credential report has no header: %w", err)
	}
	for i := range header {
		header[i] = strings.ToLower(strings.TrimSpace(header[i]))
	}
	if missing := lacking(header); len(missing) > 0 {
		return nil, fmt.Errorf("the credential report lacks the columns %s", strings.Join(missing, ", "))
	}
	var rows []credentialRow
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the credential report: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(header) {
			return nil, fmt.Errorf("line %d of the credential report has %d columns; the header has %d", line, len(record), len(header))
		}
		if len(rows) == maxReportRows {
			return nil, fmt.Errorf("the credential report has more than %d rows", maxReportRows)
		}
		row, err := credential(columns{header, record})
		if err != nil {
			return nil, fmt.Errorf("line %d of the credential report: %w", line, err)
		}
		rows = append(rows, row)
	}
}

func lacking(header []string) []string {
	var missing []string
	for _, name := range []string{"user", "arn", "user_creation_time", "password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active"} {
		if !slices.Contains(header, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

type columns struct{ names, values []string }

// text is a cell, "" for everything by which the report says "nothing".
func (c columns) text(name string) string {
	i := slices.Index(c.names, name)
	if i < 0 {
		return ""
	}
	v := strings.TrimSpace(c.values[i])
	switch strings.ToLower(v) {
	case "n/a", "no_information", "not_supported", "none":
		return ""
	}
	return v
}

// bool is a cell that says yes or no, where it says anything. What says
// something else must not pass for a no.
func (c columns) bool(name string) (value, said bool, err error) {
	switch text := c.text(name); strings.ToLower(text) {
	case "":
		return false, false, nil
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	default:
		return false, false, fmt.Errorf("%s: %q is neither true nor false", name, text)
	}
}

// flag puts a cell that says yes or no into p.
func (c columns) flag(p map[string]any, to, name string) error {
	v, said, err := c.bool(name)
	if said {
		p[to] = v
	}
	return err
}

// time puts a cell that holds a time into p, in UTC.
func (c columns) time(p map[string]any, to, name string) error {
	v := c.text(name)
	if v == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return fmt.Errorf("%s: %q is not a time", name, v)
	}
	p[to] = aws.Time(t)
	return nil
}

func credential(c columns) (credentialRow, error) {
	user := c.text("user")
	if user == "" {
		return credentialRow{}, errors.New("the user is empty")
	}
	root := user == rootUser
	p := map[string]any{"User": user, "Root": root}
	for _, err := range []error{
		c.time(p, "Created", "user_creation_time"), c.time(p, "PasswordLastUsed", "password_last_used"), c.time(p, "PasswordLastChanged", "password_last_changed"),
		c.flag(p, "PasswordEnabled", "password_enabled"), c.flag(p, "MfaActive", "mfa_active"),
	} {
		if err != nil {
			return credentialRow{}, err
		}
	}
	if root {
		delete(p, "PasswordEnabled") // the account summary tells it
	}
	keys, err := numbered(c, "access_key", "last_used_date")
	if err != nil {
		return credentialRow{}, err
	}
	certificates, err := numbered(c, "cert", "")
	if err != nil {
		return credentialRow{}, err
	}
	p["AccessKeys"], p["Certificates"] = keys, certificates
	return credentialRow{user, c.text("arn"), p}, nil
}

// numbered reads access_key_1_…, cert_2_…: those that are active or have ever
// been rotated, for an empty slot is no key.
func numbered(c columns, kind, used string) ([]any, error) {
	list := []any{}
	for i := int64(1); i <= 2; i++ {
		prefix := fmt.Sprintf("%s_%d_", kind, i)
		active, _, err := c.bool(prefix + "active")
		if err != nil {
			return nil, err
		}
		item := map[string]any{"Index": i, "Active": active}
		if err := c.time(item, "LastRotated", prefix+"last_rotated"); err != nil {
			return nil, err
		}
		if used != "" {
			if err := c.time(item, "LastUsed", prefix+used); err != nil {
				return nil, err
			}
		}
		if active || len(item) > 2 {
			list = append(list, item)
		}
	}
	return list, nil
}
