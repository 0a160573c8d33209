package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam"
)

func (p *program) iamDecide() *cobra.Command {
	var o output
	var input string
	c := &cobra.Command{
		Use:   "decide --input FILE",
		Short: "Decide requests that carry their policies, one a line",
		Long: `Reads requests as JSON Lines, each with all policies that apply to it, and answers
each in one line, in the same order. Nothing else is looked at: no store, no AWS.

A line has this form:

    {"id": "1",
     "request": {"principal": "arn:aws:iam::111122223333:role/app", "action": "s3:GetObject",
                 "resource": "arn:aws:s3:::logs/a", "resourceAccount": "111122223333",
                 "context": {"aws:SourceIp": ["203.0.113.7"]}, "unknown": ["aws:MultiFactorAuthPresent"]},
     "policies": {"identity": [{"name": "read", "policy": {…}}], "boundary": […], "session": […],
                  "resource": {…}, "scps": [{"node": "r-1", "policies": […]}], "rcps": […], "endpoint": […]},
     "managementAccount": false}

principal is an ARN, {"type":"Anonymous"}, {"service":NAME}, {"federated":PROVIDER},
or {"arn":ARN} with uniqueId, canonicalId, roleArn (the role of a session, with its
path), tags, orgId and orgPaths. resourceAccount may be left out: it is then the
account in the resource's ARN, else that of the principal. Context keys that are not
mentioned are absent; those under "unknown" may be there or not, those under
"present" are there with values that are not known.

A policy stands by itself or under {"name", "policy"}, as an object or as a string
of JSON. A layer that is left out, null or [] limits nothing; a level of "scps" or
"rcps" without policies allows nothing. The word "unknown" in place of a policy, a
layer or a level says that it was not seen. "managementAccount" says that the
principal's account is the organisation's management account.

The answer has the decision (Allowed, ExplicitlyDenied, ImplicitlyDenied or
Unknown), "allowed" (true, false or unknown), the layer that granted or blocked, the
statements that decided (by name of the policy and index, which counts from 0), and
the context keys that were missed. A line that cannot be read gets an "error", and
the others are answered all the same.

Exit codes: 0 every line was answered, 2 some could not be read.`,
		Example: `  holdfast iam decide --input requests.jsonl
  generate-requests | holdfast iam decide --input - | jq -r 'select(.decision != "Allowed") | .id'
  holdfast iam decide --input requests.jsonl --output table`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if input == "" {
				return app.Usage(errors.New("decide needs --input with a file of requests; `-` is standard input"))
			}
			return p.runDecide(c.Context(), input, o)
		},
	}
	o.flags(c, []string{"jsonl", "json", "table"})
	c.Flags().Lookup("output").DefValue = "jsonl"
	o.format = "jsonl"
	c.Flags().StringVar(&input, "input", "", "file with one request a line; - is standard input")
	return c
}

func (p *program) runDecide(ctx context.Context, input string, o output) error {
	if !known([]string{"jsonl", "json", "table"}, o.format) {
		return app.Usage(fmt.Errorf("--output: %q is not one of jsonl, json, table", o.format))
	}
	in := p.In
	if input != "-" {
		f, err := os.Open(input)
		if err != nil {
			return app.Usage(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return app.Usage(fmt.Errorf("cannot read %s: it is a folder; name a file with one request a line", input))
		}
		in = f
	}
	unread := 0
	err := p.write(o, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		print, end := answerLines(out)
		if o.format == "table" {
			print, end = answerTable(out)
		}
		var err error
		unread, err = app.Answers(ctx, in, print)
		return errors.Join(err, end(), out.Flush())
	})
	if err == nil && unread > 0 {
		err = app.Usage(fmt.Errorf("%s could not be read; the answers have an error in their place", plural(unread, "line")))
	}
	return err
}

func answerLines(out io.Writer) (print func(*app.Answer) error, end func() error) {
	var line []byte
	return func(a *app.Answer) error {
		var err error
		if line, err = a.AppendJSON(line[:0]); err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	}, func() error { return nil }
}

func answerTable(out io.Writer) (print func(*app.Answer) error, end func() error) {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ID\tDECISION\tBY")
	return func(a *app.Answer) error {
		id := strings.Trim(string(a.Question.ID), `"`)
		if id == "" {
			id = fmt.Sprintf("line %d", a.Line)
		}
		if a.Err != nil {
			_, err := fmt.Fprintf(tw, "%s\tERROR\t%s\n", oneLine(id), oneLine(a.Err.Error()))
			return err
		}
		_, err := fmt.Fprintf(tw, "%s\t%s\t%s\n", oneLine(id), a.Decision, oneLine(because(a.Explanation)))
		return err
	}, tw.Flush
}

// because says in a few words why an answer is what it is.
func because(e *iam.Explanation) string {
	text := reasonFor(e)
	if len(e.Missing) > 0 && e.Decision == iam.Unknown {
		text += "; depends on " + strings.Join(e.Missing, ", ")
	}
	return text
}

func reasonFor(e *iam.Explanation) string {
	switch {
	case len(e.By) > 0:
		text := refText(e.By[0])
		if more := len(e.By) - 1; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		return text
	case e.Layer == iam.NoLayer:
		return ""
	case e.Decision == iam.ImplicitlyDenied && e.Layer == iam.ServiceLayer:
		return "AWS itself refuses it, whatever policies say"
	case e.Decision == iam.ImplicitlyDenied:
		return layerText(e.Layer) + " does not allow it"
	case e.Decision == iam.Unknown:
		return layerText(e.Layer) + " was not seen whole"
	}
	return layerText(e.Layer)
}

// refText names a statement: identity policy deploy, statement 2 (Sid).
func refText(r iam.Ref) string {
	text := layerText(r.Layer)
	if r.Node != "" {
		text += " of " + r.Node
	}
	text += fmt.Sprintf(" %q, statement %d", r.Policy, r.Statement+1)
	if r.Sid != "" {
		text += " (" + r.Sid + ")"
	}
	return text
}

// layerText is a layer in words.
func layerText(l iam.Layer) string {
	switch l {
	case iam.IdentityLayer:
		return "identity policy"
	case iam.BoundaryLayer:
		return "permissions boundary"
	case iam.SessionLayer:
		return "session policy"
	case iam.ResourceLayer:
		return "resource policy"
	case iam.SCPLayer:
		return "SCP"
	case iam.RCPLayer:
		return "RCP"
	case iam.EndpointLayer:
		return "endpoint policy"
	case iam.PublicAccessLayer:
		return "S3 Block Public Access"
	case iam.ACLLayer:
		return "access control list"
	case iam.ServiceLayer:
		return "the service itself"
	}
	return ""
}
