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

// May answers whether a request is allowed, as Decide does, and does not look any
// further where it is not: the Decision of an Outcome whose Allowed is False may
// be Unknown, since it may be denied either way. It is for questions about many.
func May(req *Request, p *Policies) Outcome {
	req, ok := req.ready()
	if !ok {
		return Outcome{}
	}
	var d decision
	d.weigh(req, p)
	out := d.outcome()
	if out.Allowed == kleene.Unknown {
		return settle(req, p, out)
	}
	return out
}

// decision gathers what each layer says. A layer that does not apply allows.
type decision struct {
	identity, resource                    verdict
	scp, rcp, endpoint, boundary, session kleene.Value
	granted                               named        // what the resource grants, by policy or ACL, by how narrowly
	any                                   kleene.Value // whether it grants at all
	deny, allow                           kleene.Value
	denied                                place
	deniedBy, layer                       Layer
	side                                  bool // the caller has policies of its own
	always                                bool
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

	linked := who.ServiceLinked()
	d.scp, d.rcp = kleene.True, kleene.True
	if req.rules.controlled && !req.Management && !linked {
		d.rcp = d.levels(RCPLayer, p.RCPs, &sc)
	}
	if d.side && !who.Management && !linked && d.deny != kleene.True {
		d.scp = d.levels(SCPLayer, p.SCPs, &sc)
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
func (d *decision) levels(layer Layer, sets []Set, sc *scope) kleene.Value {
	allow := kleene.True
	for i := range sets {
		allow = allow.And(d.limit(layer, &sets[i], sc))
	}
	return allow
}

// limit asks a layer that may be missing, in which case it limits nothing.
func (d *decision) limit(layer Layer, set *Set, sc *scope) kleene.Value {
	if set == nil {
		return kleene.True
	}
	v := newVerdict(layer)
	v.set(set, sc)
	d.addDeny(&v)
	return v.any()
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
	d.addDeny(&d.identity)
	if who.Kind == KindFederatedUser && session == nil {
		d.identity.allow[byAccount] = kleene.False
	}
}

// attached asks the policy of the resource, and what Amazon S3 has besides.
func (d *decision) attached(p *Policies, sc *scope) {
	d.resource = newVerdict(ResourceLayer)
	if p.Resource != nil {
		d.resource.set(p.Resource, sc)
		d.resource.deny = d.resource.deny.And(sc.req.ownBucketPolicy().Not())
		d.addDeny(&d.resource)
	}
	d.granted = d.resource.allow
	if p.Bucket != nil && sc.req.rules.bucket {
		open, acl := p.Bucket.blocks(p.Resource, sc.req).Not(), p.Bucket.grants(sc.req)
		for g := range d.granted {
			d.granted[g] = d.granted[g].And(open).Or(acl[g])
		}
	}
	d.any = d.granted.any()
}

func (d *decision) addDeny(v *verdict) {
	if d.deny.Or(v.deny) != d.deny {
		d.deny, d.denied, d.deniedBy = d.deny.Or(v.deny), v.denied, v.layer
	}
}

// combine says whether all that has to agree does.
func (d *decision) combine(req *Request) {
	accepted, base := req.refused().Not(), d.between(req)
	d.allow = accepted.And(d.rcp).And(d.scp).And(d.endpoint).And(base)
	switch {
	case d.allow == kleene.True:
		d.layer = d.granter(req)
	case accepted == d.allow:
		d.layer = ServiceLayer
	case d.rcp == d.allow:
		d.layer = RCPLayer
	case d.scp == d.allow:
		d.layer = SCPLayer
	case d.endpoint == d.allow:
		d.layer = EndpointLayer
	default:
		d.layer = d.obstacle(req)
	}
}

// between is what the caller's policies and the resource's come to.
func (d *decision) between(req *Request) kleene.Value {
	if !d.side {
		return d.any
	}
	limits := d.boundary.And(d.session)
	own := d.identity.any().And(limits)
	same := own.And(d.granted[byAccount].Or(req.rules.ownPolicy.Not()))
	same = d.granted[directly].Or(d.granted[byRole].And(limits)).Or(same)
	across := own.And(d.any)
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
	sufficient := d.granted[directly] == kleene.True && req.sameAccount() == kleene.True
	switch {
	case d.side && !sufficient && d.identity.any() == kleene.True:
		return IdentityLayer
	case d.resource.any() == kleene.True:
		return ResourceLayer
	}
	return ACLLayer
}

// obstacle is the layer to name where the caller's and the resource's policies
// together do not allow, or leave it open.
func (d *decision) obstacle(req *Request) Layer {
	needed := !d.side || req.rules.ownPolicy != kleene.False || req.sameAccount() != kleene.True
	switch {
	case needed && d.any == d.allow && d.resource.any() != d.any:
		return PublicAccessLayer
	case needed && d.any == d.allow:
		return ResourceLayer
	case d.identity.any() == d.allow:
		return IdentityLayer
	case d.boundary == d.allow:
		return BoundaryLayer
	case d.session == d.allow:
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
