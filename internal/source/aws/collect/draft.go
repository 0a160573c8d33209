package collect

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
	"holdfast.dev/holdfast/internal/source/aws"
)

// draft is one resource while its pieces come in from several answers.
type draft struct {
	s    *aws.Session
	typ  string
	id   string
	arn  string
	tags map[string]string
	p    map[string]any
}

func newDraft(s *aws.Session, typ, id, arn string) *draft {
	return &draft{s: s, typ: typ, id: id, arn: arn, p: map[string]any{}}
}

// put writes an SDK value. What AWS left unsaid stays absent.
func (d *draft) put(name string, v any) { set(d.p, name, value(v)) }

// pick copies fields that the schema names as the API does.
func (d *draft) pick(from any, names ...string) { copyFields(d.p, from, names) }

// nest puts an object made of the named fields, unless they all are unset.
func (d *draft) nest(name string, from any, names ...string) { d.object(name, picked(from, names...)) }

// object puts an object that has something in it.
func (d *draft) object(name string, m map[string]any) {
	if len(m) > 0 {
		d.p[name] = m
	}
}

// list puts a list that has something in it.
func (d *draft) list(name string, l []any) {
	if len(l) > 0 {
		d.p[name] = l
	}
}

// observe puts a fact that AWS reports and the schema lacks.
func (d *draft) observe(name string, v any) {
	if _, unknown := v.(evidence.Unknown); !unknown {
		v = value(v)
	}
	if v == nil || v == "" {
		return
	}
	observed, ok := d.p["Observed"].(map[string]any)
	if !ok {
		observed = map[string]any{}
		d.p["Observed"] = observed
	}
	observed[name] = v
}

// tagged takes the tags, from an SDK list or a map, in the spelling most
// schemas share.
func (d *draft) tagged(tags any) {
	d.tags = tagMap(tags)
	if strings.HasPrefix(d.typ, "AWS::") {
		set(d.p, "Tags", tagList(d.tags))
	}
}

// lost marks properties that a failed call would have told, and records the
// gap for this one resource. A name with a slash means a property inside
// another: "Observed/State".
func (d *draft) lost(err error, names ...string) {
	service, operation := called(err)
	d.s.Gap(service, operation, err, []string{d.typ}, d.id)
	for _, name := range names {
		d.place(name, d.s.Unknown(service, operation, err))
	}
}

// lostRest marks every property that is not told yet as lost: nothing but the
// name of the resource could be read.
func (d *draft) lostRest(err error) {
	names := []string{"Observed"}
	if typ, ok := schema.Lookup(d.typ); ok {
		names = slices.AppendSeq(names, typ.Properties())
	}
	d.lost(err, slices.DeleteFunc(names, func(name string) bool { _, told := d.p[name]; return told })...)
}

// policy puts a policy document that service's operation answered. One that is
// no JSON is unknown, and a gap.
func (d *draft) policy(name, service, operation string, text *string) {
	v := document(text)
	if v == nil {
		return
	}
	d.place(name, v)
	if u, unknown := v.(evidence.Unknown); unknown {
		d.s.Gap(service, operation, errors.New(u.Reason), []string{d.typ}, d.id)
	}
}

// unasked marks properties that nobody asked AWS for, so that their absence
// is not taken for "not set".
func (d *draft) unasked(why string, names ...string) {
	for _, name := range names {
		d.place(name, evidence.Unknown{Reason: why})
	}
}

func (d *draft) place(path string, v any) {
	m := d.p
	for {
		name, rest, deeper := strings.Cut(path, "/")
		if !deeper {
			m[name] = v
			return
		}
		inner, ok := m[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			m[name] = inner
		}
		m, path = inner, rest
	}
}

func (d *draft) emit() {
	emit(d.s, evidence.Resource{Type: d.typ, ID: d.id, ARN: d.arn, Tags: d.tags, Properties: d.p})
}

// unlisted records that a listing failed, so that these types may be missing.
func unlisted(s *aws.Session, err error, types ...string) {
	if err == nil {
		return
	}
	service, operation := called(err)
	s.Gap(service, operation, err, types, "")
}

// called tells which call an error came from.
func called(err error) (service, operation string) {
	var call *aws.CallError
	if errors.As(err, &call) {
		return call.Service, call.Operation
	}
	return "", "Collect"
}

// picked is an object of the named fields of an SDK struct, nil where none of
// them is set.
func picked(from any, names ...string) map[string]any {
	m := map[string]any{}
	copyFields(m, from, names)
	if len(m) == 0 {
		return nil
	}
	return m
}

// copyFields never passes over a field the SDK no longer has: a silent absence
// would read as "not set".
func copyFields(m map[string]any, from any, names []string) {
	v := reflect.ValueOf(from)
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	for _, name := range names {
		var field reflect.Value
		if v.Kind() == reflect.Struct {
			field = v.FieldByName(name)
		}
		if !field.IsValid() {
			m[name] = evidence.Unknown{Reason: fmt.Sprintf("the SDK's %T has no field %q", from, name)}
			continue
		}
		set(m, name, value(field.Interface()))
	}
}

// each shapes a list. It is never nil, so that a list that was read and is
// empty can be put as one.
func each[T any](items []T, shaped func(T) any) []any {
	out := make([]any, 0, len(items))
	for _, item := range items {
		if v := shaped(item); v != nil {
			out = append(out, v)
		}
	}
	return out
}

// arnOf is the ARN of something in the session's account and Region.
func arnOf(s *aws.Session, service, resource string) string {
	return "arn:" + s.Partition + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// owned tells whether a listing's item belongs to this account. What another
// account shares with it is recorded where it lives, and not twice.
func owned(s *aws.Session, owner *string) bool {
	return text(owner) == "" || text(owner) == s.Account
}

// afterLast is what follows the last sep: the name at the end of an ARN.
func afterLast(s, sep string) string { return s[strings.LastIndex(s, sep)+1:] }

// compareStrings orders property values that are strings.
func compareStrings(a, b any) int {
	x, _ := a.(string)
	y, _ := b.(string)
	return strings.Compare(x, y)
}

// nested is an object as a list's element: nil, and so left out, where it has
// nothing in it.
func nested(m map[string]any) any {
	if len(m) == 0 {
		return nil
	}
	return m
}

// rfc3339 respells the times that Lambda writes as 2026-06-01T10:00:00.000+0000.
// What is no time is left as it is.
func rfc3339(s string) string {
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	}
	return s
}

// decimal writes an integer as the string that some schemas want.
func decimal(v any) any {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	return v
}
