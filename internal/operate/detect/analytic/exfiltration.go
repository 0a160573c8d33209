package analytic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// theft finds credentials that AWS handed to an instance, a function or a task, and
// that are used where those are not.
type theft struct {
	still
	world  World
	inside bool
	kinds  []string
	most   int
	// functions are the sessions that were seen at work inside AWS Lambda: old records do
	// not say to what credentials were issued.
	functions *table[uint16]
	told      *table[uint16] // by session and address, the day of the signal
	// Facts of records that were looked up, which never change: owners of VPC endpoints,
	// and to what keys were issued.
	endpoints map[string]string
	issues    map[string]issue
}

var credentialExfiltration = definition{Engine{
	Name:   "credential-exfiltration",
	About:  "Credentials of an EC2 instance, a Lambda function or an ECS task are used from an address outside of AWS, or from one inside that is not the account's.",
	Fields: []string{"eventTime", "eventID", "sourceIPAddress", "userAgent", "userIdentity", "userIdentity.inScopeOf", "vpcEndpointId", "vpcEndpointAccountId"},
	Needs:  []string{"management"},
}, func(s *settings, w World) Analytic {
	t := &theft{world: w, endpoints: map[string]string{}, issues: map[string]issue{}}
	t.inside = s.choice("where", "", []string{"outside", "inside"}, "outside of AWS, or inside but elsewhere than in our accounts") == "inside"
	t.kinds = s.choices("of", []string{"instance", "function", "task"}, "whose credentials")
	t.most = s.whole("sessions", 10_000, 1, 5e6, "how many sessions are remembered; those not seen for longest are forgotten first")
	t.functions, t.told = newTable[uint16](t.most, t.most), newTable[uint16](t.most, t.most)
	return t
}}

func (t *theft) Wants(a *Activity) bool {
	if a.PrincipalType != "AssumedRole" || a.Session == "" || t.off() || !someone(a) || personal(a) {
		return false
	}
	if a.VPCEndpoint != "" {
		return t.inside && t.world.Accounts != nil
	}
	ip, ok := address(a)
	return ok && (t.fromAbroad(ip) || lambdaAgent(a.UserAgent) && t.world.aws(ip))
}

func (t *theft) Observe(a *Activity, yield func(Signal)) {
	if lambdaAgent(a.UserAgent) && t.plausible(a) {
		t.functions.at(a.Time)
		t.functions.take(who{a.Principal, a.Session}).value = dayOf(a.Time)
	}
	where, resource := t.abroad(a)
	if where == "" {
		return
	}
	kind, issued := t.kind(a)
	if !slices.Contains(t.kinds, kind) || !t.news(a, where) {
		return
	}
	s := single(a, fmt.Sprintf("credentials of the %s %s (role %s) called %s from %s, %s", kind, issued, a.Principal, label(a.Service, a.Name), a.SourceIP, where))
	s.Resource = issued
	if resource != "" {
		s.Message += " (" + resource + ")"
	}
	yield(s)
}

// plausible tells whether a call comes from inside AWS: what a user agent claims is
// believed there only.
func (t *theft) plausible(a *Activity) bool {
	ip, ok := address(a)
	return ok && t.world.aws(ip)
}

func lambdaAgent(agent string) bool { return strings.Contains(agent, "exec-env/AWS_Lambda") }

// abroad says where an event came from, if that is not where it belongs.
func (t *theft) abroad(a *Activity) (where, detail string) {
	if a.VPCEndpoint != "" {
		owner := t.ownerOf(a)
		if owner == "" || owner == a.OwnAccount || slices.Contains(t.world.Accounts, owner) {
			return "", ""
		}
		return "through a VPC endpoint of account " + owner, a.VPCEndpoint
	}
	ip, ok := address(a)
	if !ok || !t.fromAbroad(ip) {
		return "", ""
	}
	if t.inside {
		service, _ := t.world.Services(ip)
		return "an address of AWS that is not one of ours", service
	}
	return "which is outside of AWS", ""
}

// fromAbroad tells whether nothing of ours calls from an address.
func (t *theft) fromAbroad(ip netip.Addr) bool {
	return t.world.Services != nil && t.world.aws(ip) == t.inside && (!t.inside || t.world.Own != nil) && t.world.foreign(ip)
}

// ownerOf is the account of the VPC endpoint that a call came through. It never
// changes, so it is looked up once for each endpoint.
func (t *theft) ownerOf(a *Activity) string {
	owner, ok := t.endpoints[a.VPCEndpoint]
	if ok || a.Record == nil {
		return owner
	}
	owner = strings.Clone(a.Record.Text("vpcEndpointAccountId"))
	if owner == "" {
		return "" // this record does not say; the next may
	}
	if len(t.endpoints) >= mostRemembered {
		clear(t.endpoints)
	}
	t.endpoints[strings.Clone(a.VPCEndpoint)] = owner
	return owner
}

// kind tells to what a session's credentials were issued, and its name; empty where
// they are somebody else's.
func (t *theft) kind(a *Activity) (kind, issued string) {
	if i := t.issue(a); i.kind != "" {
		return i.kind, orElse(i.to, a.Session)
	}
	switch {
	case strings.HasPrefix(a.Session, "i-") && isHex(a.Session[2:], 8, 17):
		return "instance", a.Session
	case isHex(a.Session, 32, 32):
		return "task", a.Session
	case t.functions.get(who{a.Principal, a.Session}) != nil:
		return "function", a.Session
	}
	return "", ""
}

// issue is to what credentials were issued, as a record says.
type issue struct{ kind, to string }

// issue looks that up once for each key: it never changes, and looking is slow.
func (t *theft) issue(a *Activity) issue {
	if i, ok := t.issues[a.AccessKey]; ok {
		return i
	}
	if a.Record == nil {
		return issue{}
	}
	i := issue{kind: kindOf[a.Record.Text("userIdentity.inScopeOf.issuerType")]}
	if i.kind != "" {
		i.to = strings.Clone(a.Record.Text("userIdentity.inScopeOf.credentialsIssuedTo"))
	}
	if a.AccessKey != "" {
		if len(t.issues) >= mostRemembered {
			clear(t.issues)
		}
		t.issues[strings.Clone(a.AccessKey)] = i
	}
	return i
}

// kindOf are the issuers of credentials. Source: CloudTrail User Guide, "CloudTrail
// userIdentity element", inScopeOf.
var kindOf = map[string]string{
	"AWS::EC2::Instance": "instance", "AWS::Lambda::Function": "function",
	"AWS::ECS::Task": "task", "AWS::ECS::TaskDefinition": "task", "AWS::ECS::Service": "task",
}

const mostRemembered = 10_000 // facts that can be looked up again

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func isHex(s string, lengths ...int) bool {
	if !slices.Contains(lengths, len(s)) {
		return false
	}
	for i := range len(s) {
		if !hexByte(s[i]) {
			return false
		}
	}
	return true
}

// news tells whether a session's use from an address was not signalled that day.
func (t *theft) news(a *Activity, where string) bool {
	from := a.SourceIP
	if ip, ok := address(a); ok && a.VPCEndpoint == "" {
		from = sameHost(ip).String()
	} else if a.VPCEndpoint != "" {
		from = a.VPCEndpoint
	}
	t.told.at(a.Time)
	r := t.told.take(who{a.Principal + "/" + a.Session, from})
	today := dayOf(a.Time)
	if r.value != 0 && today <= r.value {
		return false
	}
	r.value = today
	return true
}

func (t *theft) off() bool {
	if t.inside {
		return (t.world.Services == nil || t.world.Own == nil) && t.world.Accounts == nil
	}
	return t.world.Services == nil
}

func (t *theft) Lacks() (string, bool) {
	var what []string
	w := t.world
	switch {
	case !t.inside && w.Services == nil:
		return "it needs AWS's address ranges (ip-ranges.json: detect.aws_ranges in holdfast.yaml) to tell what is outside", true
	case t.inside && t.off():
		return "it needs your accounts (detect.accounts in holdfast.yaml), or AWS's address ranges (detect.aws_ranges) with your egress addresses (detect.own_addresses), to tell yours from others'", true
	case t.inside && w.Accounts == nil:
		what = append(what, "without your accounts it cannot tell VPC endpoints of others")
	case t.inside && (w.Services == nil || w.Own == nil):
		what = append(what, "without AWS's address ranges and your egress addresses it looks at VPC endpoints only")
	case !t.inside && w.Own == nil:
		what = append(what, "without your egress addresses it takes instances that go out through a data centre for stolen")
	}
	n := t.told.forgotten + t.functions.forgotten
	if n > 0 {
		what = append(what, fmt.Sprintf("it forgot %d sessions for want of room; params.sessions is %d", n, t.most))
	}
	return join(what...), false
}

func (t *theft) Cold() string {
	if what, off := t.Lacks(); off {
		return what
	}
	return ""
}

func (t *theft) shape() string {
	if t.inside {
		return "inside"
	}
	return "outside"
}

func (t *theft) Save() ([]byte, error) {
	return save("credential-exfiltration", t.shape(), func(w *writer) {
		t.functions.save(w, saveDay)
		t.told.save(w, saveDay)
	}), nil
}

func (t *theft) Load(data []byte) error {
	functions, told := newTable[uint16](t.most, t.most), newTable[uint16](t.most, t.most)
	err := load(data, "credential-exfiltration", t.shape(), func(r *loader) {
		functions.load(r, loadDay)
		told.load(r, loadDay)
	})
	if err == nil {
		t.functions, t.told = functions, told
	}
	return err
}

func saveDay(w *writer, d *uint16) { w.num(uint64(*d)) }

func loadDay(r *loader, d *uint16) int {
	*d = uint16(min(r.num(), 1<<16-1))
	return 0
}
