package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/detect"
)

func (p *program) detectShow() *cobra.Command {
	var f detectFlags
	c := &cobra.Command{
		Use: "show NAME", Short: "Show one detection: what it finds, what it needs, how to tune it", Args: cobra.ExactArgs(1),
		Long: `Shows what a detection finds and how, which logs it needs, when it is harmless, what
its examples are and whether they pass, and how to tune it. --output yaml prints its
file as it stands: a good start for one of your own.`,
		Example: `  holdfast detect show root-credential-use
  holdfast detect show root-credential-use --output yaml > detections/mine.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			_, d, err := p.detections(&f)
			if err != nil {
				return err
			}
			x, err := d.Find(args[0])
			if err != nil {
				return err
			}
			switch f.format {
			case "yaml":
				text, err := fileOf(x)
				if err != nil {
					return err
				}
				return p.write(f.output, func(out io.Writer) error {
					_, err := out.Write(text)
					return err
				})
			case "json":
				trials := detect.Try(x, detect.Options{Attack: d.Attack})
				return p.writeJSON(f.output, struct {
					detectionEntry
					Trials []triedExample `json:"trials"`
				}{entryOf(d.Attack, x), triedJSON([]detect.Detection{*x}, trials)[0].Examples})
			case "table":
				return p.write(f.output, func(out io.Writer) error { return p.showDetection(out, d.Attack, x) })
			}
			return app.Usage(fmt.Errorf("--output %q is not one of table, json, yaml", f.format))
		},
	}
	f.flags(c, "table", "json", "yaml")
	return c
}

// fileOf is the text of a detection's file.
func fileOf(x *detect.Detection) ([]byte, error) {
	if x.Catalogue {
		return catalog.Files.ReadFile(x.File)
	}
	return os.ReadFile(x.File)
}

const detectLabel = 14 // columns before what a label says

func (p *program) showDetection(out io.Writer, a *detect.Attack, x *detect.Detection) error {
	width := min(p.tableWidth(out), 100)
	pg := &page{w: out, width: width, colour: p.colour(out)}
	pg.line(pg.paint(boldText, x.Name) + "  " + string(x.Severity()))
	pg.line(oneLine(x.Rule.Title))
	for _, l := range lines(oneLine(x.Rule.Description), width) {
		if l != "" {
			pg.line("")
			break
		}
	}
	for _, l := range lines(oneLine(x.Rule.Description), width) {
		if l != "" {
			pg.line(l)
		}
	}
	pg.line("")
	pg.labelled("ATT&CK", techniquesOf(a, x)...)
	pg.labelled("Log", x.Log().Service)
	pg.labelled("Needs", strings.Join(detect.Words(x.Needs), ", "))
	about := "who did it"
	if len(x.Resource) > 0 {
		about = strings.Join(x.Resource, ", else ")
	}
	pg.labelled("About", about)
	pg.labelled("Message", x.Message)
	pg.labelled("Objective", x.Objective)
	pg.labelled("Playbook", x.Playbook)
	pg.labelled("Harmless when", x.Rule.FalsePositives...)
	pg.labelled("References", x.Rule.References...)
	pg.labelled("File", x.File)
	logic, err := logicOf(x)
	if err != nil {
		return err
	}
	pg.section("How it finds that")
	for _, l := range logic {
		pg.line("  " + strings.TrimRight(oneLine(l), " "))
	}
	p.showExamples(pg, a, x)
	p.showTuning(pg, x)
	return pg.err
}

func (p *page) section(title string) {
	p.line("")
	p.line(p.paint(boldText, title))
}

// labelled prints a label and its lines, each broken where the page ends.
func (p *page) labelled(label string, texts ...string) {
	for _, text := range texts {
		for _, l := range lines(oneLine(text), p.width-detectLabel) {
			if l == "" {
				continue
			}
			p.line(fmt.Sprintf("%-*s%s", detectLabel, label, l))
			label = ""
		}
	}
}

func techniquesOf(a *detect.Attack, x *detect.Detection) (out []string) {
	ids, _ := a.Techniques(x)
	for _, id := range ids {
		t, ok := a.Technique(id)
		if !ok {
			out = append(out, id)
			continue
		}
		var tactics []string
		for _, tag := range t.Tactics {
			if tactic, ok := a.Tactic(tag); ok && slices.Contains(a.TacticsOf(x), tag) {
				tactics = append(tactics, tactic.Name)
			}
		}
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%s %s (%s)", id, t.Name, strings.Join(tactics, ", ")), " ()"))
	}
	return out
}

// logicKeys are the parts of a file that say how a detection finds something.
var logicKeys = []string{"detection", "correlation", "filter", "analytic", "params"}

// logicOf gives the lines of these parts as they stand in the file.
func logicOf(x *detect.Detection) (out []string, err error) {
	data, err := fileOf(x)
	if err != nil {
		return nil, err
	}
	inside := false
	for l := range strings.Lines(string(data)) {
		l = strings.TrimRight(l, "\r\n")
		if l != "" && l[0] != ' ' && l[0] != '\t' && l[0] != '#' && l[0] != '-' {
			name, _, _ := strings.Cut(l, ":")
			inside = slices.Contains(logicKeys, name)
		}
		switch {
		case strings.HasPrefix(l, "---"):
			inside = false
			if len(out) > 0 {
				out = append(out, "---")
			}
		case inside && strings.TrimSpace(l) != "":
			out = append(out, l)
		}
	}
	if len(out) == 0 { // written in the flow style, as JSON
		var doc map[string]any
		if err := yaml.Unmarshal(data, &doc); err == nil {
			text, err := yaml.Marshal(doc["detection"])
			return strings.Split(strings.TrimSpace(string(text)), "\n"), err
		}
	}
	return out, nil
}

func (p *program) showExamples(pg *page, a *detect.Attack, x *detect.Detection) {
	trials := detect.Try(x, detect.Options{Attack: a})
	if len(trials) == 0 {
		pg.section("Examples")
		pg.line("  none: nothing says what it finds and what it leaves alone")
		return
	}
	pg.section("Examples")
	for i := range trials {
		t := &trials[i]
		mark := "alerts"
		switch {
		case !t.Passed():
			mark = "FAILS"
		case !t.Example.Alert:
			mark = "quiet"
		}
		for _, l := range lines(oneLine(t.Example.Why), pg.width-10) {
			pg.line(fmt.Sprintf("  %-8s%s", mark, l))
			mark = ""
		}
	}
}

// showTuning tells how to live with a detection, as text to be copied.
func (p *program) showTuning(pg *page, x *detect.Detection) {
	pg.section("How to tune it")
	pg.line("  An exception for some of it, in exceptions/: alerts are kept and marked, and open nothing.")
	for _, l := range []string{
		"- id: EX-2027-001",
		"  controls: [" + x.Name + "]",
		`  scope: {accounts: ["111122223333"], principals: ["arn:aws:iam::*:role/deploy"], sources: [203.0.113.0/24]}`,
		"  owner: …  approver: …  reason: …  created: …  expires: …",
	} {
		pg.line("    " + l)
	}
	pg.line("  Settings, in holdfast.yaml:")
	pg.line("    detect:")
	pg.line("      severity: {" + x.Name + ": low}")
	pg.line("      off: [{rule: " + x.Name + ", owner: …, reason: …, until: …}]")
	parameters := detect.Parameters(x)
	if len(parameters) == 0 {
		return
	}
	pg.line("      params:")
	pg.line("        " + x.Name + ":")
	for _, param := range parameters {
		pg.line(fmt.Sprintf("          %s: %v", param.Name, yamlValue(param.Value)))
		for _, l := range lines(oneLine(param.About), pg.width-14) {
			if l != "" {
				pg.line("            # " + l)
			}
		}
	}
}

// yamlValue writes a value as YAML does in one line.
func yamlValue(v any) string {
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	n.Style = yaml.FlowStyle
	text, err := yaml.Marshal(n)
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(string(text))
}
