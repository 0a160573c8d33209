package detect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// ownKey is the key that makes a Sigma file one of our format.
const ownKey = "holdfast"

// Parse reads one file: of our format where it has our key or an analytic, else plain
// Sigma rules. Faults that are sigma.Refusals concern single rules of plain files.
func Parse(file string, data []byte) ([]Detection, []error) { return parse(file, data, foreign) }

// manner is how strictly a file is read.
type manner int

const (
	foreign manner = iota // of the user's
	whole                 // of the catalogue, with all checks
	lean                  // of the catalogue, without examples
)

// bare cuts the examples off a file of the catalogue, in which they stand last. Where
// they do not, all is read, and nothing is lost but time.
func bare(data []byte) []byte {
	const mark = "\n  examples:\n"
	at := bytes.LastIndex(data, []byte(mark))
	if at < 0 {
		return data
	}
	if moreKeys.Match(data[at+len(mark):]) {
		return data
	}
	return data[:at+1]
}

// moreKeys finds a key that is no part of the examples.
var moreKeys = regexp.MustCompile(`(?m)^ {0,3}[A-Za-z_-]+:|^---`)

func parse(file string, data []byte, how manner) ([]Detection, []error) {
	catalogue := how != foreign
	if how == lean {
		data = bare(data)
	}
	mayBeOurs := bytes.Contains(data, []byte(ownKey)) || bytes.Contains(data, []byte("analytic"))
	if len(data) > mostBytes || !catalogue && !mayBeOurs {
		return plain(file, data)
	}
	docs, err := documents(data)
	ours := slices.ContainsFunc(docs, func(doc *yaml.Node) bool { return key(doc, ownKey) != nil || key(doc, "analytic") != nil })
	if !ours && !catalogue {
		return plain(file, data)
	}
	r := &reading{strict: strict{file: file}, how: how}
	switch {
	case err != nil:
		r.fault(1, "is not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	case len(docs) == 0:
		r.fault(1, "there is no detection in the file")
	}
	d := r.file(docs)
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	return []Detection{d}, nil
}

// plain reads Sigma rules as they are; each is a detection.
func plain(file string, data []byte) (all []Detection, faults []error) {
	rules, refusals := sigma.Parse(file, data)
	for _, r := range rules {
		all = append(all, Detection{Name: r.Handle(), Rule: r, Parts: []*sigma.Rule{r}, File: file, Line: r.Line})
	}
	for _, f := range refusals {
		faults = append(faults, f)
	}
	return all, faults
}

// documents cuts a file into YAML documents, as far as it can be read.
func documents(data []byte) (docs []*yaml.Node, err error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for len(docs) < mostDocuments {
		var n yaml.Node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return docs, err
		}
		if n.Kind == yaml.DocumentNode && len(n.Content) == 1 && !isNull(n.Content[0]) {
			docs = append(docs, n.Content[0])
		}
	}
	return docs, fmt.Errorf("more than %d documents", mostDocuments-1)
}

// key gives the value of a key of a mapping, nil where there is none.
func key(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return follow(n.Content[i+1])
		}
	}
	return nil
}

// reading is a file of our format being read.
type reading struct {
	strict
	how manner
	d   Detection
}

func (r *reading) file(docs []*yaml.Node) Detection {
	r.d = Detection{Ours: true, Catalogue: r.how != foreign, File: r.strict.file}
	for i, doc := range docs {
		if doc.Kind != yaml.MappingNode {
			r.fault(doc.Line, "a detection is a mapping with title, logsource, detection and holdfast")
			return r.d
		}
		if n := key(doc, ownKey); n != nil && i < len(docs)-1 {
			r.fault(n.Line, "the key %q belongs into the last document of the file, which is the one that speaks", ownKey)
		}
	}
	if len(docs) == 0 {
		return r.d
	}
	last := docs[len(docs)-1]
	r.d.Line = last.Line
	switch {
	case !slices.ContainsFunc(docs, func(doc *yaml.Node) bool { return key(doc, "analytic") != nil }):
		r.sigma(docs)
	case len(docs) > 1:
		r.fault(last.Line, "a file with an analytic has one document")
	default:
		r.analytic(last)
	}
	if n := key(last, ownKey); n != nil {
		r.own(n)
	} else {
		r.fault(last.Line, "the key %q is missing: it says what the detection serves, and holds its examples", ownKey)
	}
	if len(r.faults) == 0 {
		r.check(last)
	}
	return r.d
}

// sigmaKeys are those of the specification, as documents of our format may have them.
var sigmaKeys = []string{"title", "id", "name", "status", "description", "license", "references", "author", "date", "modified", "tags",
	"logsource", "detection", "correlation", "falsepositives", "level", "fields", "scope", "related", "taxonomy", ownKey}

func (r *reading) sigma(docs []*yaml.Node) {
	fields := map[string]func(*yaml.Node){}
	for _, k := range sigmaKeys {
		fields[k] = nil
	}
	for _, doc := range docs {
		r.object(doc, "the rule", fields)
	}
	rules, refusals := sigma.ParseDocuments(r.strict.file, docs)
	for _, f := range refusals {
		r.faults = append(r.faults, f)
	}
	if len(refusals) > 0 || len(rules) != len(docs) {
		if len(refusals) == 0 {
			r.fault(1, "%d rules were read from %d documents", len(rules), len(docs))
		}
		return
	}
	r.d.Parts = rules
	r.d.Rule = rules[len(rules)-1]
	r.d.Name = r.d.Rule.Name
	for _, part := range rules[:len(rules)-1] {
		if !strings.HasPrefix(part.Name, r.d.Name+".") {
			r.fault(part.Line, "name %q: a part is called by the name of the whole, a dot and a word: %q", part.Name, r.d.Name+".part")
		}
	}
}

// analytic reads a document with an analytic, which Sigma does not know.
func (r *reading) analytic(doc *yaml.Node) {
	rule := &sigma.Rule{File: r.strict.file, Line: doc.Line}
	one := func(to *string, what string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = r.text(n, what) }
	}
	many := func(to *[]string, what string) func(*yaml.Node) {
		return func(n *yaml.Node) { *to = r.texts(n, what) }
	}
	r.object(doc, "the detection", map[string]func(*yaml.Node){
		"title": one(&rule.Title, "title"), "id": one(&rule.ID, "id"), "name": one(&rule.Name, "name"), "status": one(&rule.Status, "status"),
		"description": one(&rule.Description, "description"), "license": one(&rule.License, "license"), "author": one(&rule.Author, "author"),
		"date": one(&rule.Date, "date"), "modified": one(&rule.Modified, "modified"), "level": one(&rule.Level, "level"),
		"references": many(&rule.References, "references"), "tags": many(&rule.Tags, "tags"), "falsepositives": many(&rule.FalsePositives, "falsepositives"),
		"logsource": func(n *yaml.Node) {
			r.object(n, "logsource", map[string]func(*yaml.Node){
				"product": one(&rule.LogSource.Product, "product"), "service": one(&rule.LogSource.Service, "service"), "category": one(&rule.LogSource.Category, "category")})
		},
		"analytic": one(&r.d.Analytic, "analytic"),
		"params": func(n *yaml.Node) {
			if params, ok := r.value(n, "params").(map[string]any); ok {
				r.d.Params = params
			} else {
				r.fault(n.Line, "params has to be a mapping")
			}
		},
		ownKey: nil,
	})
	if rule.Level != "" && !slices.Contains(sigma.Levels, rule.Level) {
		r.fault(doc.Line, "level %q is none of %s", rule.Level, strings.Join(sigma.Levels, ", "))
	}
	r.d.Rule, r.d.Name = rule, rule.Name
}

// own reads our key.
func (r *reading) own(n *yaml.Node) {
	d := &r.d
	r.object(n, ownKey, map[string]func(*yaml.Node){
		"objective": func(n *yaml.Node) { d.Objective = r.text(n, "objective") },
		"playbook":  func(n *yaml.Node) { d.Playbook = r.text(n, "playbook") },
		"needs": func(n *yaml.Node) {
			d.Needs = r.texts(n, "needs")
			for _, need := range d.Needs {
				if err := checkNeed(need); err != nil {
					r.fault(n.Line, "needs: %v", err)
				}
			}
		},
		"resource": func(n *yaml.Node) {
			d.Resource = r.texts(n, "resource")
			for _, p := range d.Resource {
				if !isPath.MatchString(p) {
					r.fault(n.Line, "resource: %q is no path such as requestParameters.bucketName", p)
				}
			}
		},
		"message": func(n *yaml.Node) {
			d.Message = strings.TrimSpace(r.text(n, "message"))
			if _, err := parseTemplate(d.Message); err != nil {
				r.fault(n.Line, "message: %v", err)
			}
		},
		"examples": func(n *yaml.Node) { d.Examples = r.examples(n) },
	})
}

var (
	isName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	isUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	isPath = regexp.MustCompile(`^[A-Za-z0-9_\-]+(\.[A-Za-z0-9_:\-]+)*$`)
	isDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

// check asks what every file of our format has to have, and of the catalogue's more.
func (r *reading) check(doc *yaml.Node) {
	d, rule := &r.d, r.d.Rule
	at := func(field string) int {
		for _, n := range []*yaml.Node{key(doc, field), key(key(doc, ownKey), field)} {
			if n != nil {
				return n.Line
			}
		}
		return doc.Line
	}
	if !isName.MatchString(d.Name) {
		r.fault(at("name"), "name %q is not in kebab-case, as root-credential-use is", d.Name)
	}
	if rule.Title == "" {
		r.fault(doc.Line, "title is missing")
	}
	if rule.Level == "" {
		r.fault(doc.Line, "level is missing: one of %s", strings.Join(sigma.Levels, ", "))
	}
	if d.Analytic != "" && rule.LogSource == (sigma.LogSource{}) {
		r.fault(doc.Line, "logsource is missing: {product: aws, service: cloudtrail}")
	}
	if d.Playbook != "" && !isName.MatchString(d.Playbook) {
		r.fault(at("playbook"), "playbook %q is not in kebab-case", d.Playbook)
	}
	if len(d.Needs) == 0 {
		r.fault(at("needs"), "needs is missing: the logs without which the detection is off, such as [management]")
	}
	if r.how == whole {
		r.checkCatalogue(at)
	}
}

// checkCatalogue asks for what only Holdfast's own detections have to have.
func (r *reading) checkCatalogue(at func(string) int) {
	d, rule := &r.d, r.d.Rule
	for _, part := range d.rules() {
		if !isUUID.MatchString(part.ID) {
			r.fault(part.Line, "id %q is not a UUID in lower case", part.ID)
		}
	}
	if len(r.faults) == 0 {
		r.works()
	}
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"description", len(rule.Description) < 60}, {"references", len(rule.References) == 0}, {"author", rule.Author == ""}, {"tags", len(rule.Tags) == 0},
		{"status", rule.Status == ""}, {"date", !isDate.MatchString(rule.Date)}, {"falsepositives", len(rule.FalsePositives) == 0},
		{"objective", d.Objective == ""}, {"playbook", d.Playbook == ""},
	} {
		if f.missing {
			r.fault(at(f.name), "%s is missing or too short; every detection of the catalogue has one", f.name)
		}
	}
	for _, group := range []struct {
		name       string
		have, want int
	}{{"positive", len(d.Examples.Positive), 1}, {"near_miss", len(d.Examples.NearMiss), 2}, {"edge", len(d.Examples.Edge), 1}} {
		if group.have < group.want {
			r.fault(at("examples"), "examples: %d %s; every detection of the catalogue has at least %d", group.have, group.name, group.want)
		}
	}
}

// works asks whether it can be put to work; of rules of users' that shows once the
// settings of the workspace are known.
func (r *reading) works() {
	if r.d.Analytic != "" {
		var err error
		if log := r.d.Log(); isTraffic(log) {
			_, err = NewTraffic([]Detection{r.d}, Options{Log: log}, nil)
		} else {
			_, err = analytic.New(r.d.Analytic, analytic.Setup{Params: r.d.Params})
		}
		if err != nil {
			r.fault(r.d.Line, "%v", err)
		}
		return
	}
	_, refusals := sigma.Compile(r.d.Parts, sigma.Options{})
	for _, f := range refusals {
		r.faults = append(r.faults, f)
	}
}

// needs are the logs and facts that a detection may need, beside data:TYPE.
var needs = []string{"management", "network", "insights", "flow", "dns", "geo"}

var isType = regexp.MustCompile(`^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$`)

func checkNeed(need string) error {
	if typ, ok := strings.CutPrefix(need, "data:"); ok {
		if !isType.MatchString(typ) {
			return fmt.Errorf("%q: data events are named by their type, as data:AWS::S3::Object", need)
		}
		return nil
	}
	if !slices.Contains(needs, need) {
		return fmt.Errorf("%q is not known%s", need, meant(need, append(slices.Clone(needs), "data:AWS::S3::Object", "data:AWS::Lambda::Function")))
	}
	return nil
}
