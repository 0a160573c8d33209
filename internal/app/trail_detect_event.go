package app

import (
	"strings"
	"unsafe"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// trailEvent is a record of a log file as detections look at it. What the reader found
// while it cut the record out is handed over as it is; only what rules ask for beyond
// that is looked for, from the nearest known place on. One is used for many records,
// by one goroutine.
type trailEvent struct {
	record *cloudtrail.Record
	json   sigma.Record
	ready  bool // json has the record's text

	routes []route          // by the index of a path of the engine
	others map[string]route // of paths that are none of the engine's
	values []sigma.Value
}

// route is how to get to what stands at a path.
type route struct {
	path  *sigma.Path
	field cloudtrail.Field
	known bool   // the path leads through field
	rest  string // the path from there on
}

func routeOf(p *sigma.Path) route {
	field, rest, known := cloudtrail.ParsePath(p.Name).Start()
	return route{p, field, known, strings.Join(rest, ".")}
}

func newTrailEvent(e *sigma.Engine) *trailEvent {
	t := &trailEvent{others: map[string]route{}}
	for _, p := range e.Paths() {
		t.routes = append(t.routes, routeOf(p))
	}
	return t
}

// reset turns to another record.
func (t *trailEvent) reset(r *cloudtrail.Record) { t.record, t.ready = r, false }

// text has the record's text ready.
func (t *trailEvent) text() *sigma.Record {
	if !t.ready {
		t.json.Reset(t.record.Raw())
		t.ready = true
	}
	return &t.json
}

// Values gives what stands at a path of the engine.
func (t *trailEvent) Values(to []sigma.Value, p *sigma.Path) []sigma.Value {
	if uint(p.Index) < uint(len(t.routes)) && t.routes[p.Index].path == p {
		return t.at(to, &t.routes[p.Index])
	}
	r := routeOf(p)
	return t.at(to, &r)
}

func (t *trailEvent) at(to []sigma.Value, r *route) []sigma.Value {
	if !r.known {
		return t.text().Values(to, r.path)
	}
	start, end := t.record.Span(r.field)
	if start == end {
		return to
	}
	if r.rest == "" && t.record.Plain() && t.record.Raw()[start] == '"' {
		return append(to, sigma.Value{Kind: sigma.String, Text: t.record.Raw()[start+1 : end-1]})
	}
	return t.text().Within(to, start, end, r.rest)
}

// Text is the whole record, for keywords.
func (t *trailEvent) Text() []byte { return t.text().Text() }

// Record gives further fields.
func (t *trailEvent) Record() analytic.Record { return trailFields{t} }

// view makes a string of bytes without a copy. It lives as long as the record does,
// which is what the contract of Activity says.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Activity fills in what analytics look at.
func (t *trailEvent) Activity(a *analytic.Activity) {
	r := t.record
	text := func(f cloudtrail.Field) string { return view(r.Text(f)) }
	*a = analytic.Activity{
		ID: text(cloudtrail.EventID), Time: r.Time(), Account: view(r.Account()), Region: text(cloudtrail.AWSRegion),
		Service: text(cloudtrail.EventSource), Name: text(cloudtrail.EventName), EventType: text(cloudtrail.EventType), Error: text(cloudtrail.ErrorCode),
		SourceIP: text(cloudtrail.SourceIPAddress), UserAgent: text(cloudtrail.UserAgent),
		ReadOnly: r.True(cloudtrail.ReadOnly), Data: text(cloudtrail.EventCategory) == "Data",
		PrincipalType: text(cloudtrail.IdentityType), ARN: text(cloudtrail.IdentityARN), OwnAccount: text(cloudtrail.IdentityAccountID),
		AccessKey: text(cloudtrail.IdentityAccessKeyID), InvokedBy: text(cloudtrail.IdentityInvokedBy), VPCEndpoint: text(cloudtrail.VPCEndpointID),
		Record: trailFields{t},
	}
	a.Principal = analytic.PrincipalOf(a.PrincipalType, a.ARN, text(cloudtrail.IssuerARN))
	a.Session = detect.SessionOf(a.PrincipalType, text(cloudtrail.IdentityPrincipalID))
}

// trailFields are the other fields of a record, as analytics ask for them.
type trailFields struct{ t *trailEvent }

// mostRoutes bounds the paths that are remembered; they come from detections.
const mostRoutes = 4096

func (f trailFields) at(path string) []sigma.Value {
	t := f.t
	r, ok := t.others[path]
	if !ok {
		r = routeOf(&sigma.Path{Index: -1, Name: path})
		if len(t.others) < mostRoutes {
			t.others[path] = r
		}
	}
	t.values = t.at(t.values[:0], &r)
	return t.values
}

// Text is the first text at a path.
func (f trailFields) Text(path string) string {
	for _, v := range f.at(path) {
		if v.Kind != sigma.Null && v.Kind != sigma.Empty {
			return string(v.Text)
		}
	}
	return ""
}

// Texts are all.
func (f trailFields) Texts(path string) (all []string) {
	for _, v := range f.at(path) {
		if v.Kind != sigma.Null && v.Kind != sigma.Empty {
			all = append(all, string(v.Text))
		}
	}
	return all
}

// JSON is what stands at a path as it was written.
func (f trailFields) JSON(path string) []byte { return f.t.record.Field(path).Raw() }
