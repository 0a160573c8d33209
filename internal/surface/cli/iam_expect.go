package cli

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/access"
)

func (p *program) iamExpect() *cobra.Command {
	var o output
	var from estateFlags
	c := &cobra.Command{
		Use:   "expect FILE…",
		Short: "Hold what may be done against what you expect",
		Long: `Checks assertions about who may do what, for a pipeline to fail when one does not
hold. A file has a list of them:

    - name: CI deploys releases
      principal: role/deploy
      action: [s3:PutObject, s3:DeleteObject]
      resource: s3://releases/app.zip
      expect: Allowed
    - name: nobody reads customer data without MFA
      principal: [ann, bob]
      action: s3:GetObject
      resource: s3://customer-data/x
      context: {aws:MultiFactorAuthPresent: false}
      expect: Denied
    - name: only the auditors read the trail
      action: s3:GetObject
      resource: s3://trail/x
      only: [role/audit, cloudtrail.amazonaws.com]

Lists are taken in all combinations. expect is Allowed, Denied, ExplicitlyDenied,
ImplicitlyDenied or Unknown; Denied is either denial. only fails where anybody else
may, or where that is not known; those it names need not be allowed. context, absent,
present and unknown say of context keys what the flags of iam can do. Where several
assertions share it, put them under "assertions:" and context or absent beside it.

Exit codes: 0 all hold, 1 one does not, 2 a file could not be read.`,
		Example: `  holdfast iam expect access.yaml
  holdfast iam expect access.yaml --files template.yaml --alone
  holdfast iam expect access.yaml --output junit --out access.xml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var list []app.Expectation
			for _, name := range args {
				more, err := app.LoadExpectations(name)
				if err != nil {
					return err
				}
				list = append(list, more...)
			}
			e, err := p.estate(c.Context(), from)
			if err != nil {
				return err
			}
			return p.runExpect(o, list, e)
		},
	}
	o.flags(c, []string{"table", "json", "junit"})
	from.flags(c)
	return c
}

func (p *program) runExpect(o output, list []app.Expectation, e *access.Estate) error {
	var verdicts []app.Verdict
	failed := 0
	for i := range list {
		x := &list[i]
		p.doubt(fmt.Sprintf("%s:%d: ", x.File, x.Line), x.Doubts(e))
		for _, v := range x.Check(e) {
			if verdicts = append(verdicts, v); !v.OK {
				failed++
			}
		}
	}
	var err error
	switch o.format {
	case "table":
		err = p.write(o, func(out io.Writer) error { return printVerdicts(out, verdicts) })
	case "json":
		err = p.writeJSON(o, verdictsJSON(verdicts))
	case "junit":
		err = p.write(o, func(out io.Writer) error { return writeJUnit(out, verdicts, failed) })
	default:
		err = app.Usage(fmt.Errorf("--output: %q is not one of table, json, junit", o.format))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "%s, %s: %d as expected, %d not\n", plural(len(list), "assertion"), plural(len(verdicts), "case"), len(verdicts)-failed, failed)
	if failed > 0 {
		return &app.ExitError{Code: app.ExitViolations}
	}
	return nil
}

// printVerdicts lists the assertions that hold, and of the others what differs.
func printVerdicts(out io.Writer, verdicts []app.Verdict) error {
	w := &errWriter{w: out}
	for i := 0; i < len(verdicts); {
		x, failed, n := verdicts[i].Expectation, 0, i
		for ; i < len(verdicts) && verdicts[i].Expectation == x; i++ {
			if !verdicts[i].OK {
				failed++
			}
		}
		if failed == 0 {
			fmt.Fprintf(w, "ok    %s\n", oneLine(x.Name))
			continue
		}
		fmt.Fprintf(w, "FAIL  %s (%s:%d)\n", oneLine(x.Name), x.File, x.Line)
		for _, v := range verdicts[n:i] {
			if v.OK {
				continue
			}
			fmt.Fprintf(w, "      %s\n      - %s\n", oneLine(v.Case), oneLine(v.Want))
			for i, who := range v.Others {
				if i == mostOthers {
					fmt.Fprintf(w, "      + and %d more\n", len(v.Others)-i)
					break
				}
				fmt.Fprintf(w, "      + %s\n", oneLine(who))
			}
			if len(v.Others) == 0 {
				fmt.Fprintf(w, "      + %s\n", oneLine(v.Got+reasonSuffix(v.Why)))
			}
		}
	}
	return w.err
}

// mostOthers is how many of those who should not may are listed.
const mostOthers = 10

// reasonSuffix is the reason behind what was found.
func reasonSuffix(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

type jsonVerdict struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
	Case string `json:"case"`
	OK   bool   `json:"ok"`
	Want string `json:"want"`
	Got  string `json:"got"`
	Why  string `json:"why,omitempty"`
	// Others are those who may, or perhaps may, besides those an only names.
	Others []string `json:"others,omitempty"`
}

func verdictsJSON(verdicts []app.Verdict) []jsonVerdict {
	out := []jsonVerdict{}
	for _, v := range verdicts {
		out = append(out, jsonVerdict{v.Expectation.Name, v.Expectation.File, v.Expectation.Line, v.Case, v.OK, v.Want, v.Got, v.Why, v.Others})
	}
	return out
}

type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func writeJUnit(out io.Writer, verdicts []app.Verdict, failed int) error {
	suite := junitSuite{Name: "holdfast iam expect", Tests: len(verdicts), Failures: failed}
	for _, v := range verdicts {
		c := junitCase{Class: v.Expectation.Name, Name: v.Case, File: v.Expectation.File}
		if !v.OK {
			c.Failure = &junitFailure{Message: "expected " + v.Want + ", found " + v.Got, Text: v.Why}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(out)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(out, "\n")
	return err
}
