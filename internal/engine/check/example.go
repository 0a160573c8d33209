package check

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

// The world in which examples stand unless they say otherwise.
const (
	exampleAccount = "111122223333"
	exampleRegion  = "eu-west-1"
	exampleID      = "example"
)

var exampleNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// example is one entry under examples: the properties of a resource and, behind
// keys that start with a dollar sign, the world around it.
type example struct {
	resource evidence.Resource
	related  []*evidence.Resource
	account  map[string]any
	org      any
	params   map[string]any
	gaps     []evidence.Gap
	now      time.Time
	line     int
}

// Test runs the controls' examples and names every one that comes out
// differently than it says.
func Test(controls []Control, opt Options) error {
	var faults []error
	for i := range controls {
		if err := testControl(&controls[i], opt); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func testControl(c *Control, opt Options) error {
	engine, err := Compile([]Control{*c}, opt)
	if err != nil {
		return err
	}
	var faults []error
	for _, group := range []struct {
		nodes []yaml.Node
		want  Outcome
	}{{c.Examples.Pass, Pass}, {c.Examples.Fail, Fail}, {c.Examples.Unknown, Unknown}, {c.Examples.NotApplicable, NotApplicable}} {
		for i := range group.nodes {
			if err := testExample(engine, c, &group.nodes[i], group.want, opt); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}

func testExample(engine *Engine, c *Control, n *yaml.Node, want Outcome, opt Options) error {
	place := fmt.Sprintf("%s:%d", c.File, n.Line)
	ex, err := readExample(c, n)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", place, c.ID, err)
	}
	if ex.params != nil {
		opt.Params = map[string]map[string]any{c.ID: ex.params}
		if engine, err = Compile([]Control{*c}, opt); err != nil {
			return err
		}
	}
	result := engine.NewJudge(Scope{Now: ex.now, Estate: ex.estate(engine)}).one(&ex.resource, c.ID)
	if result.Outcome != want {
		return fmt.Errorf("%s: %s: the example is meant to be %s and came out %s%s", place, c.ID, want, result.Outcome, because(result.Message))
	}
	if want == Fail && strings.TrimSpace(result.Message) == "" {
		return fmt.Errorf("%s: %s: the message of this failing example is empty", place, c.ID)
	}
	return nil
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}

// one is the result of a single control.
func (j *Judge) one(r *evidence.Resource, id string) (result Result) {
	j.Each(r, func(r Result) {
		if r.Control.ID == id {
			result = r
		}
	})
	return result
}

func (ex *example) estate(engine *Engine) *Estate {
	estate := engine.NewEstate(evidence.Org{}, ex.gaps)
	for _, r := range ex.related {
		estate.Add(r)
	}
	estate.Add(&ex.resource)
	if ex.org != nil {
		estate.org = ex.org
	}
	if ex.account != nil {
		account := estate.account(exampleAccount)
		for k, v := range ex.account {
			account[k] = v
		}
		estate.accounts[exampleAccount] = account
	}
	return estate
}

func readExample(c *Control, n *yaml.Node) (*example, error) {
	v, err := Value(n)
	if err != nil {
		return nil, err
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an example has to be an object of properties, found %s", describe(v))
	}
	ex := &example{now: exampleNow, line: n.Line}
	if err := exampleResource(&ex.resource, fields, c.Resource[0]); err != nil {
		return nil, err
	}
	for name, v := range fields {
		if err := ex.context(name, v); err != nil {
			return nil, err
		}
	}
	return ex, nil
}

// exampleResource makes a resource of an example's fields.
func exampleResource(r *evidence.Resource, fields map[string]any, typ string) error {
	*r = evidence.Resource{Type: typ, ID: exampleID, Account: exampleAccount, Region: exampleRegion, Partition: "aws", Properties: map[string]any{}, Tags: map[string]string{}}
	for name, v := range fields {
		text, _ := v.(string)
		switch name {
		case "$type":
			r.Type = text
		case "$id":
			r.ID = text
		case "$arn":
			r.ARN = text
		case "$region":
			r.Region = text
		case "$tags":
			tags, _ := v.(map[string]any)
			for k, tag := range tags {
				r.Tags[k], _ = tag.(string)
			}
		default:
			if !strings.HasPrefix(name, "$") {
				r.Properties[name] = v
			}
		}
	}
	return checkProperties(r)
}

// checkProperties refuses an example with a property its type does not have: it
// would test nothing.
func checkProperties(r *evidence.Resource) error {
	t, ok := schema.Lookup(r.Type)
	if !ok {
		if strings.HasPrefix(r.Type, "AWS::") {
			return fmt.Errorf("CloudFormation has no resource type %s", r.Type)
		}
		return nil
	}
	for name := range r.Properties {
		if err := known(t, name); err != nil {
			return fmt.Errorf("%s %w", r.Type, err)
		}
	}
	return nil
}

func (ex *example) context(name string, v any) error {
	switch name {
	case "$related":
		list, _ := v.([]any)
		for _, e := range list {
			fields, ok := e.(map[string]any)
			if !ok {
				return fmt.Errorf("$related takes a list of resources, each with a $type")
			}
			r := new(evidence.Resource)
			if err := exampleResource(r, fields, ""); err != nil {
				return err
			}
			if r.Type == "" {
				return fmt.Errorf("a resource under $related needs a $type")
			}
			ex.related = append(ex.related, r)
		}
	case "$account":
		ex.account, _ = v.(map[string]any)
	case "$org":
		ex.org = v
	case "$params":
		ex.params, _ = v.(map[string]any)
	case "$gaps":
		list, _ := v.([]any)
		for _, e := range list {
			typ, _ := e.(string)
			ex.gaps = append(ex.gaps, evidence.Gap{Account: exampleAccount, Region: exampleRegion, Service: "example", Operation: "List", Types: []string{typ}, Reason: evidence.Denied})
		}
	case "$now":
		text, _ := v.(string)
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("$now: %q is not an RFC 3339 timestamp", text)
		}
		ex.now = now
	case "$type", "$id", "$arn", "$region", "$tags":
	default:
		if strings.HasPrefix(name, "$") {
			return fmt.Errorf("%s is not something an example can set; it takes $type, $id, $arn, $region, $tags, $related, $account, $org, $params, $gaps and $now", name)
		}
	}
	return nil
}

// String names an outcome as verdicts are named.
func (o Outcome) String() string {
	return [...]string{Unknown: "UNKNOWN", Pass: "PASS", Fail: "FAIL", NotApplicable: "NOT_APPLICABLE", Error: "ERROR"}[o]
}
