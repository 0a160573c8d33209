package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/kleene"
)

func (p *program) iamPublicCheck() *cobra.Command {
	var o output
	var from app.PublicOptions
	c := &cobra.Command{
		Use:   "public-check FILE|-",
		Short: "Tell whether a resource policy is public",
		Long: `Tells whether strangers get in by the policy of a resource or the trust policy of a
role: somebody who does not sign requests, a principal of an account that nobody
named, or an AWS service sent by one. It is decided, not matched: a Deny closes what
an Allow opens, a pattern that a stranger's own name fits keeps nobody out, and nor
does a condition on what strangers choose, such as a user agent or an external id.

Where it is public an example of a request shows the way in; where it is not, the
conditions and the Deny statements without which it would be.

Exit codes: 0 not public, 1 public, 2 the policy could not be read, 3 what was not
seen, or what is too involved, decides.`,
		Example: `  holdfast iam public-check bucket-policy.json
  holdfast iam public-check key.json --type kms --action kms:Decrypt
  aws sqs get-queue-attributes … --query Attributes.Policy --output text | holdfast iam public-check - --type sqs`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if !known([]string{"table", "json"}, o.format) {
				return app.Usage(fmt.Errorf("--output: %q is not one of table, json", o.format))
			}
			from.Path, from.In = args[0], p.In
			_, verdict, err := app.PublicCheck(from)
			if err != nil {
				return err
			}
			if o.format == "json" {
				err = p.writeJSON(o, publicJSON(verdict))
			} else {
				err = p.write(o, func(w io.Writer) error { return printPublic(w, verdict) })
			}
			if err != nil {
				return err
			}
			return publicExit(verdict.Public)
		},
	}
	o.flags(c, []string{"table", "json"})
	flags := c.Flags()
	flags.StringVar(&from.Type, "type", "", "what the policy is attached to: "+strings.Join(app.PublicTypes(), ", "))
	flags.StringVar(&from.Resource, "resource", "", "ARN of the resource, where it matters which")
	flags.StringVar(&from.Account, "account", "", "account that owns the resource")
	flags.StringSliceVar(&from.Actions, "action", nil, "ask about these actions only; * and ? stand for what they do in policies")
	return c
}

func publicExit(v kleene.Value) error {
	switch v {
	case kleene.True:
		return &app.ExitError{Code: app.ExitViolations}
	case kleene.Unknown:
		return &app.ExitError{Code: app.ExitUnseen}
	}
	return nil
}

var publicWords = map[kleene.Value]string{kleene.True: "public", kleene.False: "not public", kleene.Unknown: "unknown"}

func printPublic(out io.Writer, v exposure.Verdict) error {
	w := &errWriter{w: out}
	fmt.Fprintf(w, "%s\n", publicWords[v.Public])
	if len(v.Doors) == 0 && v.Unseen == "" {
		fmt.Fprintf(w, "  no statement allows anything to everybody\n")
	}
	for i := range v.Doors {
		d := &v.Doors[i]
		fmt.Fprintf(w, "  %s: ", statementName(d))
		switch d.Public {
		case kleene.True:
			fmt.Fprintf(w, "lets strangers in\n    for instance %s\n", wayText(d.Way))
		case kleene.False:
			fmt.Fprintf(w, "lets no stranger in\n    because of %s\n", keptText(d))
		default:
			fmt.Fprintf(w, "may let strangers in\n    depends on %s\n", oneLine(d.Unseen))
		}
	}
	if v.Unseen != "" {
		fmt.Fprintf(w, "  not seen: %s\n", oneLine(v.Unseen))
	}
	return w.err
}

func statementName(d *exposure.Door) string {
	name := fmt.Sprintf("statement %d", d.Statement+1)
	if d.Sid != "" {
		name += fmt.Sprintf(" %q", oneLine(d.Sid))
	}
	return name
}

// wayText is a request in one line.
func wayText(w *exposure.World) string {
	if w == nil {
		return "any request"
	}
	who := w.Principal
	if who == "anonymous" {
		who = "an unsigned request"
	}
	text := fmt.Sprintf("%s: %s on %s", who, w.Action, w.Resource)
	var with []string
	for _, key := range slices.Sorted(maps.Keys(w.Context)) {
		with = append(with, key+"="+strings.Join(w.Context[key], ","))
	}
	if len(with) > 0 {
		text += ", with " + strings.Join(with, " ")
	}
	return oneLine(text)
}

func keptText(d *exposure.Door) string {
	var by []string
	for _, c := range d.Kept {
		by = append(by, oneLine(c))
	}
	for _, at := range d.Denied {
		by = append(by, fmt.Sprintf("statement %d, which denies", at+1))
	}
	if len(by) == 0 {
		return "what it names, which nothing AWS has fits"
	}
	return strings.Join(by, "; ")
}

type (
	jsonPublic struct {
		Public     string     `json:"public"` // true, false or unknown
		Statements []jsonDoor `json:"statements"`
		Unseen     string     `json:"unseen,omitempty"`
	}
	jsonDoor struct {
		Statement int      `json:"statement"` // from 0
		Sid       string   `json:"sid,omitempty"`
		Public    string   `json:"public"`
		Way       *jsonWay `json:"way,omitempty"`
		KeptBy    []string `json:"kept_by,omitempty"`
		DeniedBy  []int    `json:"denied_by,omitempty"` // from 1
		Unseen    string   `json:"unseen,omitempty"`
	}
	jsonWay struct {
		Principal string              `json:"principal"`
		Action    string              `json:"action"`
		Resource  string              `json:"resource"`
		Context   map[string][]string `json:"context"`
	}
)

func publicJSON(v exposure.Verdict) jsonPublic {
	out := jsonPublic{Public: v.Public.String(), Statements: []jsonDoor{}, Unseen: v.Unseen}
	for i := range v.Doors {
		d := &v.Doors[i]
		j := jsonDoor{Statement: d.Statement, Sid: d.Sid, Public: d.Public.String(), Way: wayJSON(d.Way), KeptBy: d.Kept, Unseen: d.Unseen}
		for _, at := range d.Denied {
			j.DeniedBy = append(j.DeniedBy, at+1)
		}
		out.Statements = append(out.Statements, j)
	}
	return out
}

func wayJSON(w *exposure.World) *jsonWay {
	if w == nil {
		return nil
	}
	return &jsonWay{w.Principal, w.Action, w.Resource, w.Context}
}
