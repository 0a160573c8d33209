package iam

import "holdfast.dev/holdfast/internal/kleene"

// Decide answers a request. It does not allocate unless the first look leaves
// the answer open because of context keys that were not seen.
func Decide(req *Request, p *Policies) Outcome {
	req, ok := req.ready()
	if !ok {
		return Outcome{}
	}
	var d decision
	d.weigh(req, p)
	out := d.outcome()
	if out.Decision == Unknown {
		return settle(req, p, out)
	}
	return out
}

// decision gathers what each layer says. A layer that does not apply allows.
type decision struct {
	identity, boundary, session, resource, scp, rcp, endpoint verdict
	scpAllow, rcpAllow                                        kleene.Value
	acl                                                       [grants]kleene.Value
	blocked                                                   kleene.Value // resource grants that S3 Block Public Access takes away
	deny, allow                                               kleene.Value
	denied                                                    place
	deniedBy                                                  Layer
	side                                                      bool // the caller has policies of its own
	layer                                                     Layer
	always                                                    bool
}

// weigh asks every layer. Source of the order and of what stands in for what: AWS
// IAM User Guide, "How AWS enforcement code logic evaluates requests", "Policy
// evaluation for requests within a single account" and "Cross-account policy
// evaluation logic".
func (d *decision) weigh(req *Request, p *Policies) {
	d.deny = kleene.False
	if req.always() {
		d.always, d.allow, d.layer = true, kleene.True, ServiceLayer
		return
	}
	who := req.Principal
	d.side = who.Kind != KindAnonymous && who.Kind != KindService && who.Kind != KindFederated
	boundary, session := p.Boundary, p.Session
	if who.Kind == KindRoot || !d.side {
		boundary = nil // they cannot have one
	}
	if !d.side {
		session = nil
	}
	sc := scope{req: req, bounded: boundary != nil}

	d.scpAllow, d.rcpAllow = kleene.True, kleene.True
	if req.rules.controlled && !req.Management && !who.ServiceLinked() {
		d.rcpAllow = d.levels(&d.rcp, RCPLayer, p.RCPs, &sc)
	}
	if d.side && !who.Management && !who.ServiceLinked() && d.deny != kleene.True {
		d.scpAllow = d.levels(&d.scp, SCPLayer, p.SCPs, &sc)
	}
	if d.deny == kleene.True {
		return // whatever else is said
	}
	d.endpoint = d.limit(EndpointLayer, p.Endpoint, &sc)
	d.attached(p, &sc)
	d.own(&p.Identity, session, &sc)
	d.boundary = d.limit(BoundaryLayer, boundary, &sc)
	d.session = d.limit(SessionLayer, session, &sc)
	d.combine(req)
}

// levels asks SCPs or RCPs: each level has to allow, and none may deny.
func (d *decision) levels(v *verdict, layer Layer, sets []Set, sc *scope) kleene.Value {
	allow := kleene.True
	*v = newVerdict(layer)
	for i := range sets {
		level := newVerdict(layer)
		level.set(&sets[i], sc)
		d.addDeny(layer, &level)
		if granted := level.any(); allow.And(granted) != allow {
			allow, v.allowed = allow.And(granted), level.allowed
		}
	}
	return allow
}

// limit asks a layer that may be missing, in which case it limits nothing.
func (d *decision) limit(layer Layer, set *Set, sc *scope) verdict {
	v := newVerdict(layer)
	if set == nil {
		v.allow[byAccount] = kleene.True
		return v
	}
	v.set(set, sc)
	d.addDeny(layer, &v)
	return v
}

// own asks the policies of the caller. Root needs none; a federated user has what
// its session policy leaves of them, and nothing without one.
func (d *decision) own(identity *Set, session *Set, sc *scope) {
	d.identity = newVerdict(IdentityLayer)
	who := sc.req.Principal
	if !d.side {
		return
	}
	if who.Kind == KindRoot {
		d.identity.allow[byAccount] = kleene.True
		return
	}
	d.identity.set(identity, sc)
	d.addDeny(IdentityLayer, &d.identity)
	if who.Kind == KindFederatedUser && session == nil {
		d.identity.allow[byAccount] = kleene.False
	}
}

// attached asks the policy of the resource, and what Amazon S3 has besides.
func (d *decision) attached(p *Policies, sc *scope) {
	d.resource = newVerdict(ResourceLayer)
	d.blocked = kleene.False
	d.acl = newVerdict(ACLLayer).allow
	if p.Resource != nil {
		d.resource.set(p.Resource, sc)
		d.resource.deny = d.resource.deny.And(sc.req.ownBucketPolicy().Not())
		d.addDeny(ResourceLayer, &d.resource)
	}
	if p.Bucket != nil && sc.req.rules.bucket {
		d.acl = p.Bucket.grants(sc.req)
		d.blocked = p.Bucket.blocks(p.Resource, sc.req)
	}
}

func (d *decision) addDeny(layer Layer, v *verdict) {
	if d.deny.Or(v.deny) != d.deny {
		d.deny, d.denied, d.deniedBy = d.deny.Or(v.deny), v.denied, layer
	}
}

// granted is what the resource grants at this closeness, by policy or ACL.
func (d *decision) granted(g grant) kleene.Value {
	return d.resource.allow[g].And(d.blocked.Not()).Or(d.acl[g])
}

// combine says whether all that has to agree does.
func (d *decision) combine(req *Request) {
	accepted := req.refused().Not()
	base, endpoint := d.between(req), d.endpoint.any()
	d.allow = accepted.And(d.rcpAllow).And(d.scpAllow).And(endpoint).And(base)
	switch {
	case d.allow == kleene.True:
		d.layer = d.granter(req)
	case accepted == d.allow:
		d.layer = ServiceLayer
	case d.rcpAllow == d.allow:
		d.layer = RCPLayer
	case d.scpAllow == d.allow:
		d.layer = SCPLayer
	case endpoint == d.allow:
		d.layer = EndpointLayer
	default:
		d.layer = d.obstacle(req)
	}
}

// between is what the caller's policies and the resource's come to.
func (d *decision) between(req *Request) kleene.Value {
	account, role, direct := d.granted(byAccount), d.granted(byRole), d.granted(directly)
	any := account.Or(role).Or(direct)
	if !d.side {
		return any
	}
	limits := d.boundary.any().And(d.session.any())
	own := d.identity.any().And(limits)
	same := own
	same = same.And(account.Or(req.rules.ownPolicy.Not()))
	same = direct.Or(role.And(limits)).Or(same)
	across := own.And(any)
	switch req.sameAccount() {
	case kleene.True:
		return same
	case kleene.False:
		return across
	}
	if same == across {
		return same
	}
	return kleene.Unknown
}

// granter is the layer to name for an allowed request: the caller's own policies
// where they are needed, else what is attached to the resource.
func (d *decision) granter(req *Request) Layer {
	sufficient := req.sameAccount() == kleene.True && d.granted(directly) == kleene.True
	switch {
	case d.side && !sufficient && d.identity.any() == kleene.True:
		return IdentityLayer
	case d.resource.any().And(d.blocked.Not()) == kleene.True:
		return ResourceLayer
	}
	return ACLLayer
}

// obstacle is the layer to name where the caller's and the resource's policies
// together do not allow, or leave it open.
func (d *decision) obstacle(req *Request) Layer {
	granted := d.granted(byAccount).Or(d.granted(byRole)).Or(d.granted(directly))
	needed := !d.side || req.rules.ownPolicy != kleene.False || req.sameAccount() != kleene.True
	switch {
	case needed && granted == d.allow && d.resource.any() != granted:
		return PublicAccessLayer
	case needed && granted == d.allow:
		return ResourceLayer
	case d.identity.any() == d.allow:
		return IdentityLayer
	case d.boundary.any() == d.allow:
		return BoundaryLayer
	case d.session.any() == d.allow:
		return SessionLayer
	}
	return ResourceLayer
}

// outcome puts the verdicts together.
func (d *decision) outcome() Outcome {
	if d.deny == kleene.True {
		return Outcome{Decision: ExplicitlyDenied, Allowed: kleene.False, Layer: d.deniedBy, Policy: d.denied.policy, Statement: int(d.denied.statement)}
	}
	out := Outcome{Allowed: d.allow.And(d.deny.Not()), Layer: d.layer}
	switch {
	case d.deny == kleene.Unknown:
		out.Layer, out.Policy, out.Statement = d.deniedBy, d.denied.policy, int(d.denied.statement)
	case d.allow == kleene.True:
		out.Decision = Allowed
		at := d.granting()
		out.Policy, out.Statement = at.policy, int(at.statement)
	case d.allow == kleene.False:
		out.Decision = ImplicitlyDenied
	}
	return out
}

// granting is the statement to name for an allowed request.
func (d *decision) granting() place {
	switch d.layer {
	case IdentityLayer:
		return d.identity.allowed
	case ResourceLayer:
		return d.resource.allowed
	}
	return place{}
}
