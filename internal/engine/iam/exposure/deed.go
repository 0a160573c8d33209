package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// deed is what a visitor tries to do.
type deed struct{ action, resource string }

// maxDeeds bounds the deeds of one statement that are tried one by one. They
// stand for all that it allows, so that only a document which takes very many
// actions and resources apart is cut short.
const maxDeeds = 256

// telling are the actions that say most plainly what it means to be let in, by
// service. They make answers readable; nothing hangs on the list.
var telling = map[string]string{
	"s3": "GetObject", "sqs": "ReceiveMessage", "sns": "Subscribe", "kms": "Decrypt", "lambda": "InvokeFunction",
	"secretsmanager": "GetSecretValue", "ecr": "BatchGetImage", "elasticfilesystem": "ClientMount", "es": "ESHttpGet",
	"dynamodb": "GetItem", "kinesis": "GetRecords", "backup": "CopyIntoBackupVault", "logs": "PutLogEvents", "sts": "AssumeRole",
	"events": "PutEvents",
}

// deeds are those that the target allows and the Deny statements tell apart,
// without those that more of them are about than about others.
func (s *search) deeds(v *visitor, denies []policy.Statement) []deed {
	var out []deed
	resources := s.resources(v, denies)
	for _, a := range s.actions(denies) {
		for _, r := range resources {
			if len(out) == maxDeeds {
				s.tally.overrun = true
				break
			}
			out = append(out, deed{a, r})
		}
	}
	return s.lightest(v, out, denies)
}

// lightest drops deeds that the target does not allow, and those about which no
// fewer Deny statements are than about another.
func (s *search) lightest(v *visitor, list []deed, denies []policy.Statement) []deed {
	about := make([]*iam.Policies, 0, len(denies)+1)
	target := s.target
	if s.hazy() || target.Actions == nil && target.NotActions == nil {
		target = policy.Statement{}
	}
	about = append(about, s.aboutOnly(&target))
	for i := range denies {
		about = append(about, s.aboutOnly(&denies[i]))
	}
	ctx := s.sample(v)
	var kept []deed
	var signs [][]kleene.Value
	for _, d := range list {
		if s.decide(v.principal, d, ctx, about[0]) == kleene.False {
			continue
		}
		sign := make([]kleene.Value, len(denies))
		for i := range denies {
			sign[i] = s.decide(v.principal, d, ctx, about[i+1])
		}
		kept, signs = append(kept, d), append(signs, sign)
	}
	return undominated(kept, signs)
}

// aboutOnly keeps of a statement what it is about, and lets everybody do that.
func (s *search) aboutOnly(st *policy.Statement) *iam.Policies {
	only := policy.Statement{
		Effect: policy.Allow, Principals: []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}},
		Actions: spelt(st.Actions), NotActions: st.NotActions, Resources: st.Resources, NotResources: st.NotResources,
		Unseen: st.Unseen & (policy.ActionPart | policy.ResourcePart),
	}
	if only.Actions == nil && only.NotActions == nil {
		only.Actions = []policy.Text{{Value: "*"}}
	}
	doc := &policy.Document{Version: s.version, Statements: []policy.Statement{only}}
	return &iam.Policies{Identity: everything, Resource: &iam.Set{Policies: []*iam.Policy{iam.Compile("", doc)}}}
}

// sample is a context in which every key that a variable may need has a value.
func (s *search) sample(v *visitor) *iam.Context {
	ctx := &iam.Context{}
	for key := range s.keys {
		if r := v.reach(key, s); len(r.own) > 0 {
			ctx.Set(key, plain(r.own[0]))
		}
	}
	return ctx
}

// actions are names of actions that the target's patterns take in, and that the
// Deny statements tell apart.
func (s *search) actions(denies []policy.Statement) []string {
	at := first(denies)
	out, done := s.names[at]
	if !done {
		out = s.listActions(denies)
		s.names[at] = out
	}
	return out
}

func first(denies []policy.Statement) *policy.Statement {
	if len(denies) == 0 {
		return nil
	}
	return &denies[0]
}

func (s *search) listActions(denies []policy.Statement) []string {
	services := s.services()
	var out []string
	for _, t := range s.patterns() {
		if !strings.ContainsAny(t, "*?") {
			out = append(out, t)
			continue
		}
		real := s.real(t, services)
		if len(real) == 0 {
			// AWS may have actions that the catalogue does not know yet.
			real = invented(t, services, s.bounded(s.patternsOf(denies)))
		}
		out = append(out, real...)
	}
	out = slices.DeleteFunc(out, func(a string) bool { return !isAction(a) || !s.isAsked(a) })
	first := slices.IndexFunc(out, func(a string) bool { return s.tells(a) })
	if first > 0 {
		out[0], out[first] = out[first], out[0]
	}
	if len(denies) == 0 && len(s.target.NotActions) == 0 {
		return out[:min(len(out), 1)]
	}
	return s.apart(out, denies)
}

func (s *search) tells(action string) bool {
	service, name, _ := strings.Cut(action, ":")
	return telling[service] == name
}

// patterns are what the target allows; one that does not say so, or says what it
// does not allow, may allow anything.
func (s *search) patterns() []string {
	out := values(spelt(s.target.Actions))
	if s.target.Unseen.Has(policy.ActionPart) || s.target.Actions == nil {
		out = append(out, "*")
	}
	if len(s.asked) == 0 {
		return out
	}
	var both []string
	for _, p := range out {
		for _, asked := range s.asked {
			text, ok := glob.Common(glob.Glob{Pattern: p, Fold: true}, glob.Glob{Pattern: asked, Fold: true})
			switch {
			case !ok:
			case !strings.ContainsAny(p, "*?"), !strings.ContainsAny(asked, "*?"):
				both = append(both, text)
			case glob.Includes(strings.ToLower(p), strings.ToLower(asked)):
				both = append(both, asked)
			default:
				both = append(both, p)
			}
		}
	}
	return both
}

// real are the actions that AWS has of a pattern, in the services that the
// document is about.
func (s *search) real(pattern string, services []string) []string {
	var out []string
	prefix, name, ok := strings.Cut(pattern, ":")
	if ok && !strings.ContainsAny(prefix, "*?") {
		services = []string{prefix}
	} else if !ok || prefix != "*" {
		name = "*"
	}
	compiled := glob.Compile(strings.ToLower(pattern))
	for _, service := range services {
		for _, a := range action.Expand(service + ":" + name) {
			full := a.Service + ":" + a.Name
			if compiled.Match(strings.ToLower(full)) {
				out = append(out, full)
			}
		}
	}
	return out
}

// invented are names that a pattern fits, alone and together with others.
func invented(pattern string, services, others []string) []string {
	var out []string
	for _, o := range append([]string{"*" + freshWord + "*", "*"}, others...) {
		if text, ok := glob.Common(glob.Glob{Pattern: pattern, Fold: true}, glob.Glob{Pattern: o, Fold: true}); ok {
			out = append(out, withService(text, services))
		}
	}
	return out
}

func (s *search) patternsOf(list []policy.Statement) []string {
	var out []string
	for i := range list {
		out = append(out, values(list[i].Actions)...)
		out = append(out, values(list[i].NotActions)...)
	}
	return out
}

func isAction(s string) bool {
	service, name, ok := strings.Cut(s, ":")
	return ok && service != "" && name != "" && !strings.ContainsAny(s, "*? ")
}

var nobody = iam.Anonymous()

// apart keeps one action of those that the document does not tell apart, and of
// those it does the ones about which fewer Deny statements are.
func (s *search) apart(list []string, denies []policy.Statement) []string {
	var rooms []*iam.Policies
	for i := range denies {
		d := denies[i]
		d.Resources, d.NotResources = nil, nil
		d.Unseen &^= policy.ResourcePart
		rooms = append(rooms, s.aboutOnly(&d))
	}
	t := s.target
	t.Resources, t.NotResources, t.Actions = nil, nil, nil
	room := s.aboutOnly(&t)
	resource := s.genericARN()
	var kept []string
	var signs [][]kleene.Value
	for _, a := range list {
		d := deed{a, resource}
		if t.NotActions != nil && s.decide(nobody, d, nil, room) == kleene.False {
			continue
		}
		sign := make([]kleene.Value, len(rooms))
		for i := range rooms {
			sign[i] = s.decide(nobody, d, nil, rooms[i])
		}
		kept, signs = append(kept, a), append(signs, sign)
	}
	return undominated(kept, signs)
}

// withService completes what two patterns that leave the service open have in
// common.
func withService(text string, services []string) string {
	if service, name, ok := strings.Cut(text, ":"); ok && service != "" && name != "" {
		return text
	}
	return services[0] + ":" + strings.TrimSuffix(strings.ReplaceAll(text, ":", ""), "*") + freshWord
}

func (s *search) isAsked(action string) bool {
	return len(s.asked) == 0 || slices.ContainsFunc(s.asked, func(p string) bool {
		compiled := glob.Compile(strings.ToLower(p))
		return compiled.Match(strings.ToLower(action))
	})
}

// services are those that the document is about; of one that does not tell, s3.
func (s *search) services() []string {
	var out []string
	add := func(name string) {
		if name = strings.ToLower(name); name != "" && !strings.ContainsAny(name, "*?$") && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	actions := slices.Concat(values(s.target.Actions), s.asked, values(s.target.NotActions))
	resources := append(values(s.target.Resources), s.zone.Resource)
	for i := range s.denies {
		actions = append(append(actions, values(s.denies[i].Actions)...), values(s.denies[i].NotActions)...)
		resources = append(resources, values(s.denies[i].Resources)...)
	}
	for _, a := range actions {
		if service, _, ok := strings.Cut(a, ":"); ok {
			add(service)
		}
	}
	tells := false
	for _, r := range resources {
		if parts := strings.SplitN(r, ":", 4); len(parts) == 4 && parts[0] == "arn" {
			add(parts[2])
			tells = true
		}
	}
	if len(out) == 0 {
		return []string{"s3"}
	}
	if s.target.NotActions != nil && !tells {
		// It may be attached to something of which it does not speak.
		add("s3")
		add("sqs")
	}
	return out
}

// resources are ARNs that the target takes in, and that the patterns of the
// document tell apart.
func (s *search) resources(v *visitor, denies []policy.Statement) []string {
	at := first(denies)
	if out, done := s.things[at]; done && !s.variables {
		return out // without variables they are the same for all
	}
	s.things[at] = s.listResources(v, denies)
	return s.things[at]
}

// maxPatterns bounds the patterns that are compared with each other, and
// maxPattern how long they are.
const (
	maxPatterns = 48
	maxPattern  = 2048
)

// bounded leaves out what is beyond the bounds, and says so.
func (s *search) bounded(list []string) []string {
	out := slices.DeleteFunc(list, func(p string) bool { return len(p) > maxPattern })
	if len(out) > maxPatterns {
		out = out[:maxPatterns]
	}
	if len(out) < len(list) {
		s.tally.overrun = true
	}
	return out
}

func (s *search) listResources(v *visitor, denies []policy.Statement) []string {
	var others []string
	for i := range denies {
		others = append(others, s.written(v, denies[i].Resources)...)
		others = append(others, s.written(v, denies[i].NotResources)...)
	}
	targets := s.written(v, spelt(s.target.Resources))
	if s.target.Unseen.Has(policy.ResourcePart) || len(targets) == 0 {
		targets = append(targets, "*")
		others = append(others, s.written(v, s.target.NotResources)...)
	}
	targets, others = s.bounded(targets), s.bounded(others)
	arn := func(p string) glob.Glob { return glob.Glob{Pattern: p, ARN: true} }
	generic := s.genericARN()
	var out []string
	add := func(resource string) {
		if resource != "" && !strings.ContainsAny(resource, "*?") && !slices.Contains(out, resource) {
			out = append(out, resource)
		}
	}
	for _, t := range targets {
		if !strings.ContainsAny(t, "*?") {
			add(t)
			continue
		}
		for _, o := range append(s.meant(t, generic), others...) {
			if text, ok := glob.Common(arn(t), arn(o)); ok {
				add(s.complete(text))
			}
		}
		if len(out) == 0 {
			add(s.complete(plain(arn(t))))
		}
	}
	return out
}

// meant are the things that a pattern can mean, since a policy is about the one
// thing it is attached to: of * that thing where it is known, or where the
// document names it elsewhere.
func (s *search) meant(pattern, generic string) []string {
	switch {
	case s.zone.Resource != "":
		return []string{generic, generic + "/" + freshWord, generic + "*"}
	case pattern == "*" && len(s.named) > 0:
		return s.named
	}
	return []string{generic, "arn:" + s.partition + ":*:*:*:*" + freshWord + "*", generic + "*"}
}

// namedIn are the ARNs that a document's statements are about.
func namedIn(doc *policy.Document) []string {
	var out []string
	for i := range doc.Statements {
		for _, r := range doc.Statements[i].Resources {
			if parts := strings.SplitN(r.Value, ":", 6); !r.Partial && len(parts) == 6 && strings.Trim(parts[5], "*") != "" && !strings.Contains(r.Value, "${") && !slices.Contains(out, r.Value) {
				out = append(append(out, r.Value), wholes(parts)...)
			}
		}
	}
	return out
}

// below are the services whose policies tell parts of a thing apart, with how
// many steps of the path name the thing.
var below = map[string]int{"s3": 1, "execute-api": 1, "es": 2, "aoss": 2, "dynamodb": 2, "codeartifact": 2, "lambda": 2}

// wholes are the thing that an ARN is of or in, and another part of it.
func wholes(arn []string) []string {
	depth := below[arn[2]]
	if depth == 0 {
		return nil
	}
	path := strings.SplitN(arn[5], "/", depth+1)
	whole := strings.Join(append(slices.Clone(arn[:5]), strings.Join(path[:min(depth, len(path))], "/")), ":")
	return []string{whole, whole + "/" + freshWord}
}

// complete makes an ARN of what patterns short of six parts have in common.
func (s *search) complete(text string) string {
	if strings.Count(text, ":") >= 5 {
		return text
	}
	return s.genericARN()
}

// genericARN is a thing such as the document may be attached to.
func (s *search) genericARN() string {
	if s.zone.Resource != "" && s.zone.Resource != "*" {
		return s.zone.Resource
	}
	switch service := s.services()[0]; service {
	case "s3":
		return s.arn("s3", "", "", "bucket/"+freshWord)
	case "sts":
		return s.arn("iam", "", s.owner, "role/"+freshWord)
	default:
		return s.arn(service, "us-east-1", s.owner, freshWord)
	}
}

// written are texts with the visitor's own values for variables.
func (s *search) written(v *visitor, list []policy.Text) []string {
	var out []string
	for _, t := range list {
		switch {
		case t.Partial:
		case s.variables:
			out = append(out, s.substitute(v, t.Value))
		default:
			out = append(out, t.Value)
		}
	}
	return out
}

func values(list []policy.Text) []string {
	var out []string
	for _, t := range list {
		if !t.Partial {
			out = append(out, t.Value)
		}
	}
	return out
}

// partitionOf is the partition that the document speaks of.
func partitionOf(doc *policy.Document, zone Zone) string {
	for _, partition := range []string{"aws-cn", "aws-us-gov"} {
		if strings.HasPrefix(zone.Resource, "arn:"+partition+":") || namesText(doc, "arn:"+partition+":") {
			return partition
		}
	}
	return "aws"
}
