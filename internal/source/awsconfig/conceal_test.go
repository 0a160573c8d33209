package awsconfig

import (
	"fmt"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

func TestNoSecretIsKept(t *testing.T) {
	for name, text := range map[string]string{
		"ECS":       item("AWS::ECS::TaskDefinition", "arn:t", stamp, `{"Family":"app","ContainerDefinitions":[{"Name":"c","Environment":[{"Name":"TOKEN","Value":"hunter2"}]}]}`),
		"RDS":       item("AWS::RDS::DBInstance", "db", stamp, `{"dBInstanceIdentifier":"db","masterUserPassword":"hunter2"}`),
		"CodeBuild": item("AWS::CodeBuild::Project", "p", stamp, `{"name":"p","environment":{"image":"x","environmentVariables":[{"name":"TOKEN","value":"hunter2"}]}}`),
		"Amplify":   item("AWS::Amplify::App", "a", stamp, `{"Name":"a","EnvironmentVariables":[{"Name":"TOKEN","Value":"hunter2"}],"BasicAuthConfig":{"Password":"hunter2"}}`),
		"permission": item("AWS::Lambda::Function", "f", stamp, `{"functionName":"f","environment":{"variables":{"TOKEN":"hunter2"}}}`, "supplementaryConfiguration",
			`{"Policy":`+quoted(`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunction","Condition":{"StringEquals":{"lambda:EventSourceToken":"hunter2"}}}]}`)+`}`),
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range parse(t, body(text)).Items[0].Resources {
				if out := fmt.Sprint(r.Properties); strings.Contains(out, "hunter2") {
					t.Errorf("a secret came through: %s", out)
				}
			}
		})
	}
	r := parse(t, body(item("AWS::ECS::TaskDefinition", "arn:t", stamp, `{"ContainerDefinitions":[{"Environment":[{"Name":"TOKEN","Value":"x"}]}]}`))).Items[0].Resources[0]
	variable := objects(objects(r.Properties["ContainerDefinitions"])[0]["Environment"])[0]
	if u, ok := variable["Value"].(evidence.Unknown); variable["Name"] != "TOKEN" || !ok || !u.Present {
		t.Errorf("variable = %v; its name is evidence, and that it has a value", variable)
	}
}
