package repo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/surface/cli"
)

// TestRoleTemplateHolds: the role we ask people to deploy has to pass what we
// judge theirs by, with nothing left open once its parameters are given.
func TestRoleTemplateHolds(t *testing.T) {
	template, err := filepath.Abs(filepath.Join(root, "docs", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	parameters := filepath.Join(t.TempDir(), "parameters.json")
	given := `[{"ParameterKey": "AuditPrincipal", "ParameterValue": "arn:aws:iam::111122223333:role/Audit"},
		{"ParameterKey": "OrganizationId", "ParameterValue": "o-a1b2c3d4e5"},
		{"ParameterKey": "ExternalId", "ParameterValue": "not-a-secret"}]`
	if err := os.WriteFile(parameters, []byte(given), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // away from any workspace
	for _, c := range []struct {
		name string
		args []string
	}{
		{"nothing fails as it stands", []string{"check", template, "--fail-on", "info"}},
		{"nothing is open with parameters", []string{"check", template, "--fail-on", "info", "--strict", "--parameters", parameters, "--account", "111122223333"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, problems strings.Builder
			a := &app.App{Now: fixedNow, Env: func(string) string { return "" }}
			if code := cli.Main(a, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &problems}, c.args); code != 0 {
				t.Errorf("exit code %d\n%s%s", code, &out, &problems)
			}
		})
	}
}
