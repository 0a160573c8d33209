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

// balancer finds the load balancer that is made; its ARN tells the kind, and ends in
// an id.
func (r *Record) balancer() []target {
	name := r.param("name")
	if r.EventName != "CreateLoadBalancer" || name == "" {
		return nil // classic ones have another parameter
	}
	kind := map[string]string{"network": "net", "gateway": "gwy"}[r.param("type")]
	if kind == "" {
		kind = "app"
	}
	arn := "arn:" + r.partition() + ":elasticloadbalancing:" + r.AWSRegion + ":" + r.account() + ":loadbalancer/" + kind + "/" + name + "/"
	return []target{{arn: arn, partial: true, kind: "loadbalancer/" + kind + "/"}}
}

// serviceLinked finds the role that is made for a service, of which the service
// chooses the name.
func (r *Record) serviceLinked() []target {
	service := r.param("aWSServiceName")
	if service == "" {
		return nil
	}
	return []target{{arn: "arn:" + r.partition() + ":iam::" + r.account() + ":role/aws-service-role/" + service + "/", partial: true, kind: "role"}}
}

// only leaves out what the service does not ask about where something else is
// named: the table of an index, the bus of a rule.
func (r *Record) only(service string, found []target) []target {
	var not string
	switch {
	case service == "dynamodb" && (r.EventName == "Query" || r.EventName == "Scan") && r.param("indexName") != "":
		not = "table"
	case service == "events" && (r.param("eventBusName") == "" || r.param("eventBusName") == "default"):
		not = "rule-on-custom-event-bus"
	case service == "events":
		not = "rule-on-default-event-bus"
	default:
		return found
	}
	var out []target
	for _, t := range found {
		if t.kind != not {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return found
	}
	return out
}
