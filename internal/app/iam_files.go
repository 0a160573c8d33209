package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// Placeholders stand where a template does not say which account and Region it is
// for.
const (
	placeholderAccount = "000000000000"
	placeholderRegion  = "us-east-1"
)

// maxAccessFile bounds what is read of one file: the authorization details of
// the largest accounts have some hundred megabytes.
const maxAccessFile = 1 << 30

// accessFiles is the evidence that files hold: the output of `aws iam
// get-account-authorization-details`, and CloudFormation templates. Of the
// accounts in the former, IAM is known whole; of the rest nothing is.
func accessFiles(ctx context.Context, o AccessOptions) (access.Evidence, error) {
	f := files{options: o, out: access.Evidence{Listed: map[string]map[string]bool{}}}
	for _, name := range o.Files {
		if err := f.path(ctx, name); err != nil {
			return f.out, Usage(err)
		}
	}
	if len(f.resources) == 0 {
		return f.out, Usage(fmt.Errorf("%s: nothing there says who may do what; %s", o.Files[0], accepted))
	}
	f.out.Resources = func(yield func(*evidence.Resource, error) bool) {
		for _, r := range f.resources {
			if !yield(r, nil) {
				return
			}
		}
	}
	return f.out, nil
}

const accepted = "give the output of `aws iam get-account-authorization-details`, or CloudFormation templates"

type files struct {
	options   AccessOptions
	resources []*evidence.Resource
	out       access.Evidence
}

// path reads a file, or the files of a folder.
func (f *files) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil && name == "-" {
		return errors.New("--files reads no standard input by -; give a file, or /dev/stdin")
	}
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, errors.Unwrap(err))
	}
	if !info.IsDir() {
		return f.file(name)
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && slices.Contains([]string{".json", ".yaml", ".yml", ".template"}, filepath.Ext(entry.Name())) {
			if err := f.file(filepath.Join(name, entry.Name())); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (f *files) file(name string) error {
	data, err := readBounded(name)
	if err != nil {
		return err
	}
	switch {
	case cloudformation.IsTemplate(data):
		return f.template(name, data)
	case bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")):
		return f.details(name, data)
	}
	return fmt.Errorf("%s is neither JSON of AWS IAM nor a CloudFormation template; %s", name, accepted)
}

func readBounded(name string) ([]byte, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxAccessFile+1))
	if err == nil && len(data) > maxAccessFile {
		err = fmt.Errorf("%s is larger than the %d bytes that are read of one file", name, maxAccessFile)
	}
	return data, err
}

// template takes what a template declares for all that is there of its types.
func (f *files) template(name string, data []byte) error {
	account, region := f.options.Account, f.options.Region
	if account == "" {
		account = placeholderAccount
	}
	if region == "" {
		region = placeholderRegion
	}
	t, err := cloudformation.Parse(filepath.ToSlash(name), data, cloudformation.Options{Account: account, Region: region})
	if err != nil {
		return err
	}
	f.out.Gaps = append(f.out.Gaps, t.Gaps...)
	f.resources = append(f.resources, access.Settle(t.Resources)...)
	f.list(account, access.Types()...)
	return nil
}

// details takes the authorization details of an account.
func (f *files) details(name string, data []byte) error {
	var decoder evidence.Decoder
	object, err := decoder.DecodeObject(data)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !isDetails(object) {
		return fmt.Errorf("%s is JSON with %s at its top, which is neither authorization details nor a template; %s", name, topOf(object), accepted)
	}
	resources, err := authorizationDetails(object)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if marker, _ := object["Marker"].(string); marker != "" {
		return fmt.Errorf("%s is one page of several (it has a Marker); run `aws iam get-account-authorization-details` without --max-items to get them all", name)
	}
	for _, r := range resources {
		f.list(r.Account, detailTypes...)
	}
	f.resources = append(f.resources, resources...)
	return nil
}

// list notes that all of the types are known in an account.
func (f *files) list(account string, types ...string) {
	if f.out.Listed[account] == nil {
		f.out.Listed[account] = map[string]bool{}
	}
	for _, typ := range types {
		f.out.Listed[account][typ] = true
	}
}

// topOf names the first members of an object.
func topOf(object map[string]any) string {
	names := slices.Sorted(maps.Keys(object))
	if len(names) == 0 {
		return "nothing"
	}
	text := ""
	for i, name := range names[:min(len(names), 3)] {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%q", name[:min(len(name), 40)])
	}
	return text
}

var errNoAccount = errors.New("it names no user, role, group or policy with an ARN, so nobody knows whose account it is")
