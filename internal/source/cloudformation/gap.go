package cloudformation

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// samTypes are the types that the transform AWS::Serverless-2016-10-31 makes of
// one of its own ("Generated resources", AWS SAM Developer Guide).
var samTypes = map[string][]string{
	"AWS::Serverless::Api": {"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::DomainName",
		"AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::ApiKey", "AWS::Lambda::Permission", "AWS::Route53::RecordSetGroup"},
	"AWS::Serverless::Application": {"AWS::CloudFormation::Stack"},
	"AWS::Serverless::Connector":   {"AWS::IAM::ManagedPolicy", "AWS::Lambda::Permission", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"},
	"AWS::Serverless::Function": {"AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::Lambda::Permission", "AWS::Lambda::Url",
		"AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig", "AWS::IAM::Role", "AWS::Events::Rule", "AWS::ApiGateway::RestApi",
		"AWS::ApiGatewayV2::Api", "AWS::SNS::Subscription", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::SNS::Topic", "AWS::Logs::SubscriptionFilter",
		"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::Scheduler::Schedule", "AWS::IoT::TopicRule"},
	"AWS::Serverless::GraphQLApi": {"AWS::AppSync::GraphQLApi", "AWS::AppSync::GraphQLSchema", "AWS::AppSync::ApiKey", "AWS::AppSync::DataSource",
		"AWS::AppSync::FunctionConfiguration", "AWS::AppSync::Resolver", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy"},
	"AWS::Serverless::HttpApi": {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping",
		"AWS::Lambda::Permission", "AWS::Route53::RecordSetGroup"},
	"AWS::Serverless::LayerVersion": {"AWS::Lambda::LayerVersion"},
	"AWS::Serverless::SimpleTable":  {"AWS::DynamoDB::Table"},
	"AWS::Serverless::StateMachine": {"AWS::StepFunctions::StateMachine", "AWS::StepFunctions::StateMachineAlias", "AWS::StepFunctions::StateMachineVersion",
		"AWS::IAM::Role", "AWS::Events::Rule", "AWS::ApiGateway::RestApi", "AWS::Scheduler::Schedule"},
}

// gap records what is not expanded; m is where it stands.
func (e *evaluator) gap(operation string, types []string, resource string, m member, detail string) {
	where := e.file + ":" + strconv.Itoa(int(m.line)) + ": "
	e.gaps = append(e.gaps, evidence.Gap{
		Account: e.opt.Account, Region: e.opt.Region, Service: "cloudformation", Operation: operation,
		Types: types, Resource: resource, Reason: evidence.Unsupported, Detail: where + detail,
	})
}

// loopGap names the types that stand in the body of a loop.
func (e *evaluator) loopGap(m member, what, reason string) {
	if what == "output" {
		return
	}
	var types []string
	typesIn(m.value, &types)
	slices.Sort(types)
	e.gap("ForEach", slices.Compact(types), "", m, m.key+" is not expanded, because its collection is not known: "+reason)
}

func typesIn(n *node, types *[]string) {
	for _, m := range n.kids {
		if m.key == "Type" && m.value.kind == text && strings.Contains(m.value.text, "::") {
			*types = append(*types, m.value.text)
		}
		typesIn(m.value, types)
	}
}

// resourceGaps says what a resource stands for besides itself.
func (e *evaluator) resourceGaps(m member, typ string) {
	switch {
	case strings.HasPrefix(typ, "AWS::Serverless::"):
		e.gap("Transform AWS::Serverless-2016-10-31", samTypes[typ], m.key, m, m.key+": the resources that SAM makes of a "+typ+" are not expanded")
	case typ == "AWS::CloudFormation::Stack":
		e.gap("NestedStack", nil, m.key, m, m.key+": the resources of a nested stack are not read from here; check its template too")
	case strings.HasSuffix(typ, "::MODULE"):
		e.gap("Module", nil, m.key, m, m.key+": the resources of module "+typ+" are not expanded")
	}
}

// readTransforms learns which transforms the template asks for. All but
// language extensions, which are evaluated here, may add names.
func (e *evaluator) readTransforms(n *node) {
	for _, name := range transforms(n) {
		if name != "AWS::LanguageExtensions" {
			e.open = true
		}
	}
}

func transforms(n *node) []string {
	switch {
	case n == nil:
		return nil
	case n.kind == list:
		var out []string
		for _, m := range n.kids {
			out = append(out, transforms(m.value)...)
		}
		return out
	}
	return []string{transformName(n)}
}

// transformName reads "Name", {Name: …} and {Fn::Transform: {Name: …}}.
func transformName(n *node) string {
	if inner := n.get("Fn::Transform"); inner != nil {
		return transformName(inner)
	}
	if named := n.get("Name"); named != nil {
		n = named
	}
	if n.scalar() && n.text != "" {
		return n.text
	}
	return "(unnamed)"
}

// macroGaps reports the macros of an account, which may rewrite every resource
// of the template. SAM reports for itself, resource by resource.
func (e *evaluator) macroGaps(resources []evidence.Resource) {
	at := e.root.get("Transform")
	for _, name := range transforms(at) {
		switch name {
		case "AWS::LanguageExtensions", "AWS::Serverless-2016-10-31":
			continue
		}
		var types []string
		for i := range resources {
			types = append(types, resources[i].Type)
		}
		slices.Sort(types)
		e.gap("Transform "+name, slices.Compact(types), "", member{line: at.line, col: at.col},
			"transform "+name+" may change the template and is not expanded; resources are as they were declared")
	}
}

// applyGlobals merges the SAM section Globals below the resources it is for:
// a resource's own value wins, maps are merged, lists are joined.
func (e *evaluator) applyGlobals(section *node) {
	if section == nil || section.kind != object {
		return
	}
	for i, m := range e.order {
		kind, serverless := strings.CutPrefix(typeText(m.value), "AWS::Serverless::")
		defaults := e.lookup(section, kind)
		if !serverless || defaults == nil || defaults.kind != object {
			continue
		}
		own := m.value.get("Properties")
		if own == nil {
			own = &node{kind: object, line: m.line, col: m.col}
		}
		e.order[i].value = withMember(m.value, "Properties", e.overlay(own, defaults))
		e.resources[m.key] = e.order[i].value
	}
}

// overlay is own completed by what only defaults has.
func (e *evaluator) overlay(own, defaults *node) *node {
	e.charge(own, len(own.kids)+len(defaults.kids)+1)
	if e.err != nil {
		return own
	}
	if own.kind == list && defaults.kind == list {
		joined := *own
		joined.kids = append(append([]member(nil), defaults.kids...), own.kids...)
		return &joined
	}
	ownCall, _ := own.call()
	defaultCall, _ := defaults.call()
	if own.kind != object || defaults.kind != object || ownCall != "" || defaultCall != "" {
		return own
	}
	out := *own
	out.kids = append([]member(nil), own.kids...)
	at := make(map[string]int, len(out.kids))
	for i, m := range out.kids {
		at[m.key] = i
	}
	for _, d := range defaults.kids {
		if i, ok := at[d.key]; ok {
			out.kids[i].value = e.overlay(out.kids[i].value, d.value)
			continue
		}
		out.kids = append(out.kids, d)
	}
	return &out
}

func withMember(n *node, key string, value *node) *node {
	out := *n
	out.kids = nil
	for _, m := range n.kids {
		if m.key != key {
			out.kids = append(out.kids, m)
		}
	}
	out.kids = append(out.kids, member{key: key, line: value.line, col: value.col, value: value})
	return &out
}
