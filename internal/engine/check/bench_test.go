package check

import (
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"holdfast.dev/holdfast/internal/evidence"
)

// What evaluation of our own costs, beside cel-go's interpreter on the same
// expressions and resource: the ratio holds on any machine.
func BenchmarkAgainstCEL(b *testing.B) {
	resource := map[string]any{
		"StorageEncrypted": true, "PubliclyAccessible": false, "BackupRetentionPeriod": int64(14), "Engine": "postgres",
		"MetadataOptions": map[string]any{"HttpTokens": "required"},
		"Rules":           []any{map[string]any{"CidrIp": "10.0.0.0/8", "FromPort": int64(443)}, map[string]any{"CidrIp": "192.168.0.0/16", "FromPort": int64(80)}},
	}
	expressions := []string{
		`resource.?StorageEncrypted.orValue(false)`,
		`!resource.?PubliclyAccessible.orValue(true) && resource.?BackupRetentionPeriod.orValue(1) >= 7`,
		`resource.?MetadataOptions.?HttpTokens.orValue("optional") == "required"`,
		`resource.?Engine.orValue("") in ["postgres", "mysql"]`,
		`!resource.?Rules.orValue([]).exists(r, r.?CidrIp.orValue("") == "0.0.0.0/0")`,
	}
	env, functions, err := environment(nil)
	if err != nil {
		b.Fatal(err)
	}
	theirs, err := cel.NewEnv(cel.OptionalTypes(), ext.Strings(), cel.Variable("resource", cel.MapType(cel.StringType, cel.DynType)))
	if err != nil {
		b.Fatal(err)
	}
	var ours []eval
	var programs []cel.Program
	for _, source := range expressions {
		checked, issues := env.Compile(source)
		if issues.Err() != nil {
			b.Fatal(issues.Err())
		}
		fn, err := newBuilder(functions).build(checked.NativeRep().Expr())
		if err != nil {
			b.Fatal(err)
		}
		ours = append(ours, fn)
		if checked, issues = theirs.Compile(source); issues.Err() != nil {
			b.Fatal(issues.Err())
		}
		program, err := theirs.Program(checked, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			b.Fatal(err)
		}
		programs = append(programs, program)
	}
	b.Run("ours", func(b *testing.B) {
		f := &frame{subject: &subject{scope: &Scope{Now: exampleNow}, resource: &evidence.Resource{}}}
		f.slots[0] = resource
		b.ReportAllocs()
		for b.Loop() {
			for _, fn := range ours {
				if f.steps = 0; fn(f) != true {
					b.Fatal("not true")
				}
			}
		}
	})
	b.Run("cel-go", func(b *testing.B) {
		vars := map[string]any{"resource": resource}
		b.ReportAllocs()
		for b.Loop() {
			for _, p := range programs {
				if out, _, err := p.Eval(vars); err != nil || out.Value() != true {
					b.Fatal(out, err)
				}
			}
		}
	})
}
