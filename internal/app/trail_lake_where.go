package app

import (
	"encoding/json"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"holdfast.dev/holdfast/internal/evidence"
)

// where is a free filter over events.
type where struct{ program cel.Program }

// What a filter may cost: its text, and for each event the steps of its evaluation.
const (
	mostWhere      = 16 << 10
	mostWhereSteps = 1_000_000
)

// parseWhere compiles a filter in CEL. It sees the event's fields, and record: the
// record as CloudTrail wrote it.
func parseWhere(text string) (*where, error) {
	if len(text) > mostWhere {
		return nil, fmt.Errorf("--where: %d bytes are too many, %d are allowed", len(text), mostWhere)
	}
	env, err := cel.NewEnv(
		cel.OptionalTypes(), ext.Strings(),
		cel.Variable("id", cel.StringType), cel.Variable("time", cel.TimestampType),
		cel.Variable("account", cel.StringType), cel.Variable("region", cel.StringType),
		cel.Variable("service", cel.StringType), cel.Variable("name", cel.StringType),
		cel.Variable("principal", cel.StringType), cel.Variable("source_ip", cel.StringType),
		cel.Variable("user_agent", cel.StringType), cel.Variable("error", cel.StringType),
		cel.Variable("read_only", cel.BoolType), cel.Variable("resources", cel.ListType(cel.StringType)),
		cel.Variable("record", cel.MapType(cel.StringType, cel.DynType)),
	)
	if err != nil {
		return nil, err
	}
	tree, issues := env.Compile(text)
	if issues != nil && issues.Err() != nil {
		return nil, fmt.Errorf("--where: %w", issues.Err())
	}
	if t := tree.OutputType(); t != cel.BoolType && t != cel.DynType {
		return nil, fmt.Errorf("--where: %q gives a %s, and has to give true or false", text, t)
	}
	program, err := env.Program(tree, cel.CostLimit(mostWhereSteps), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, fmt.Errorf("--where: %w", err)
	}
	return &where{program}, nil
}

// holds tells whether an event fits. What asks for something that the record does not
// have is not true and not false, and so does not fit: ! of it does not either.
func (w *where) holds(e *evidence.Event) bool {
	if w == nil {
		return true
	}
	var record map[string]any
	if err := json.Unmarshal(e.Raw, &record); err != nil {
		record = map[string]any{} // the event's own fields still tell
	}
	resources := e.Resources
	if resources == nil {
		resources = []string{}
	}
	out, _, err := w.program.Eval(map[string]any{
		"id": e.ID, "time": e.Time, "account": e.Account, "region": e.Region, "service": e.Service, "name": e.Name,
		"principal": e.Principal, "source_ip": e.SourceIP, "user_agent": e.UserAgent, "error": e.Error,
		"read_only": e.ReadOnly, "resources": resources, "record": record,
	})
	return err == nil && out == types.True
}
