package policy

import (
	"cmp"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// bare is a document without its positions.
func bare(d *Document) *Document {
	out := *d
	out.versionAt, out.wide = Position{}, Position{}
	out.Statements = nil
	for _, s := range d.Statements {
		s.Position, s.sidAt = Position{}, Position{}
		for _, list := range []*[]Text{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
			*list = bareTexts(*list)
		}
		s.Principals, s.NotPrincipals = barePrincipals(s.Principals), barePrincipals(s.NotPrincipals)
		conditions := s.Conditions
		s.Conditions = nil
		for _, c := range conditions {
			c.Position, c.Values = Position{}, bareTexts(c.Values)
			s.Conditions = append(s.Conditions, c)
		}
		out.Statements = append(out.Statements, s)
	}
	return &out
}

func bareTexts(list []Text) []Text {
	if list == nil {
		return nil
	}
	out := []Text{}
	for _, t := range list {
		t.Position = Position{}
		out = append(out, t)
	}
	return out
}

func barePrincipals(list []Principal) []Principal {
	if list == nil {
		return nil
	}
	out := []Principal{}
	for _, p := range list {
		p.Name.Position = Position{}
		out = append(out, p)
	}
	return out
}

func roundTrip(t *testing.T, d *Document) {
	t.Helper()
	text, err := d.MarshalJSON()
	if err != nil {
		t.Fatalf("%+v: %v", d, err)
	}
	again, problems := Parse(text)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", text, problems.Err())
	}
	if want, got := bare(d), bare(again); !reflect.DeepEqual(want, got) {
		t.Fatalf("%s\nwant %+v\ngot  %+v", text, want, got)
	}
	if twice, _ := again.MarshalJSON(); string(twice) != string(text) {
		t.Fatalf("printed first\n%s\nthen\n%s", text, twice)
	}
}

func TestRoundTripAccepted(t *testing.T) {
	for _, c := range accepted {
		d, problems := Parse([]byte(c.text))
		if len(problems) == 0 {
			roundTrip(t, d)
		}
	}
}

// grouped brings conditions and principals into the order in which they print:
// only their order within an operator or a kind can be told apart in JSON.
func grouped(s *Statement) {
	var conditions []Condition
	done := map[string]bool{}
	for _, c := range s.Conditions {
		if done[c.Operator] {
			continue
		}
		done[c.Operator] = true
		for _, other := range s.Conditions {
			if other.Operator == c.Operator {
				conditions = append(conditions, other)
			}
		}
	}
	s.Conditions = conditions
}

func TestRoundTripRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		roundTrip(t, randomDocument(r))
	}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func randomTexts(r *rand.Rand, words ...string) []Text {
	out := []Text{}
	for range 1 + r.IntN(3) {
		out = append(out, Text{Value: pick(r, words...)})
	}
	return out
}

func randomDocument(r *rand.Rand) *Document {
	d := &Document{Version: pick(r, "", Version2008, Version2012, Version2012), ID: pick(r, "", "", "x\"y\\z\n")}
	for range 1 + r.IntN(3) {
		s := Statement{Sid: pick(r, "", "A", "b é\U0001f600\u2028\x7f"), Effect: pick(r, Allow, Deny)}
		actions := randomTexts(r, "s3:GetObject", "s3:Get*", "s3:*", "*", "sqs:SendMessage", "S3:getobject", "s3:PutObject")
		if s.Actions = actions; r.IntN(4) == 0 {
			s.Actions, s.NotActions = nil, actions
		}
		resources := randomTexts(r, "*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/a", "arn:aws:s3:::b", "arn:aws:s3:::B/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:sqs:*:*:q")
		if s.Resources = resources; r.IntN(4) == 0 {
			s.Resources, s.NotResources = nil, resources
		}
		switch r.IntN(5) {
		case 0:
			s.Principals = []Principal{{Kind: Everyone, Name: Text{Value: "*"}}}
		case 1:
			s.NotPrincipals = []Principal{Named(AWS, Text{Value: "111122223333"}), Named(Service, Text{Value: "s3.amazonaws.com"})}
		case 2:
			s.Principals = []Principal{Named(AWS, Text{Value: "*"}), Named(AWS, Text{Value: "arn:aws:iam::111122223333:role/r"})}
		}
		seen := map[string]bool{}
		for range r.IntN(4) {
			c := Condition{
				Operator: pick(r, "StringEquals", "StringNotEquals", "StringLikeIfExists", "ForAllValues:StringEquals"),
				Key:      pick(r, "aws:PrincipalTag/a", "s3:prefix", "aws:TagKeys"),
			}
			if id := c.Operator + c.Key; !seen[id] {
				seen[id] = true
				if c.Values = randomTexts(r, "a", "A", "a*", "${aws:username}", ""); r.IntN(9) == 0 {
					c.Values = nil
				}
				s.Conditions = append(s.Conditions, c)
			}
		}
		grouped(&s)
		d.Statements = append(d.Statements, s)
	}
	return d
}

// What a person wrote and what a source observed of it read alike.
func TestParseAgreesWithOf(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		text, err := randomDocument(r).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		parsed, _ := Parse(text)
		got, want := bare(parsed), Of(v)
		for _, d := range []*Document{got, want} {
			for i := range d.Statements {
				slices.SortStableFunc(d.Statements[i].Conditions, func(a, b Condition) int {
					return cmp.Or(cmp.Compare(a.Operator, b.Operator), cmp.Compare(a.Key, b.Key))
				})
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nParse %+v\nOf    %+v", text, got, want)
		}
	}
}

func TestUnseenIsNotPrinted(t *testing.T) {
	whole := func() *Document { return randomDocument(rand.New(rand.NewPCG(3, 4))) }
	for name, d := range map[string]*Document{
		"document":  {Unseen: "denied"},
		"statement": {Statements: []Statement{{Unseen: ActionPart}}},
		"text":      {Statements: []Statement{{Actions: []Text{{Value: "s3:", Partial: true}}}}},
		"condition": {Statements: []Statement{{Conditions: []Condition{{Operator: "Bool", Key: "a:b", Unseen: true}}}}},
		"principal": {Statements: []Statement{{Principals: []Principal{{Kind: AWS, Name: Text{Partial: true}}}}}},
	} {
		if _, err := d.MarshalJSON(); !errors.Is(err, ErrUnseen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := &Document{Statements: []Statement{{Conditions: []Condition{{Operator: "Bool", Key: "a:b"}, {Operator: "Bool", Key: "a:b"}}}}}
	if _, err := twice.MarshalJSON(); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("a key twice: %v", err)
	}
	if _, err := whole().MarshalJSON(); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.text))
	}
	for _, c := range refusals {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, problems := Parse(data)
		if d == nil {
			t.Fatal("no document")
		}
		for _, k := range Types() {
			for _, p := range Check(d, k) {
				if p.Message == "" || p.Code == "" {
					t.Fatalf("%+v", p)
				}
			}
		}
		for _, p := range problems {
			if p.Position.Line < 1 || p.Position.Column < 1 {
				t.Fatalf("no place: %v", p)
			}
		}
		if len(problems) == 0 {
			for i := range d.Statements {
				grouped(&d.Statements[i])
			}
			roundTrip(t, d)
		}
	})
}
