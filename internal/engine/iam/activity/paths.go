package activity

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// gateway finds what a call of Amazon API Gateway is on: a path below the API.
func (r *Record) gateway(a *action.Action) []target {
	start := "arn:" + r.partition() + ":apigateway:" + r.AWSRegion + "::"
	for _, kind := range [][2]string{{"restApiId", "/restapis/"}, {"apiId", "/apis/"}, {"domainName", "/domainnames/"}, {"usageplanId", "/usageplans/"}, {"apiKey", "/apikeys/"}} {
		if id := r.param(kind[0]); id != "" {
			return []target{{arn: start + kind[1] + id, partial: !strings.HasSuffix(r.EventName, "Api"), account: r.account()}}
		}
	}
	switch r.EventName {
	case "GetRestApis", "CreateRestApi":
		return []target{{arn: start + "/restapis", account: r.account()}}
	case "GetApis", "CreateApi":
		return []target{{arn: start + "/apis", account: r.account()}}
	}
	return []target{{arn: start + "/", partial: true, account: r.account()}}
}

// model finds the model that a call of Amazon Bedrock runs: an id is that of a
// foundation model, or of an inference profile where it starts with a part of the
// world. A profile runs the model in one of several Regions.
func (r *Record) model() []target {
	id := r.param("modelId")
	if id == "" || id == hidden || strings.HasPrefix(id, "arn:") || strings.ContainsAny(id, "/*?") {
		return nil
	}
	start := "arn:" + r.partition() + ":bedrock:"
	if world, model, ok := strings.Cut(id, "."); ok && strings.Contains(model, ".") {
		switch world {
		case "us", "eu", "apac", "au", "jp", "ca", "global", "us-gov":
			return []target{
				{arn: start + r.AWSRegion + ":" + r.account() + ":inference-profile/" + id, account: r.account(), kind: "inference-profile"},
				{arn: start, partial: true, kind: "foundation-model", assumed: "in which Region the profile ran the model is not known"},
			}
		}
	}
	return []target{{arn: start + r.AWSRegion + "::foundation-model/" + id, account: r.account(), kind: "foundation-model"}}
}
