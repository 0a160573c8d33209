package policy

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

func TestProblemText(t *testing.T) {
	_, problems := Parse([]byte("{\n\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"GetObject\",\"Resource\":\"*\"},5]}"))
	want := "2:64: Statement[0].Action: \"GetObject\" is not an action; write service:Name such as \"s3:GetObject\"\n2:92: Statement[1]: a number where a statement (an object) is expected"
	if err := problems.Err(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := (Problems{}).Err(); err != nil {
		t.Errorf("no problem is %v", err)
	}
	long := problemsOf(with(`"Effect":"Allow","Action":"`+strings.Repeat("x", 500)+`","Resource":"*"`), Identity)
	if len(long) != 1 || len(long[0].Message) > 250 || !strings.Contains(long[0].Message, "…") {
		t.Errorf("%v", long)
	}
}

func TestNumbers(t *testing.T) {
	for text, ok := range map[string]bool{
		"0": true, "-1": true, "12.50": true, "1e9": true, "1E+9": true, "-0.5e-3": true,
		"01": false, "-": false, "1.": false, "1e": false, "+1": false, ".5": false, "0x10": false, "tru": false, "nul": false,
	} {
		_, problems := Parse([]byte(with(`"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericEquals":{"a:b":` + text + `}}`)))
		if (len(problems) == 0) != ok {
			t.Errorf("%s: %v", text, problems.Err())
		}
	}
}

func TestAWSPrincipals(t *testing.T) {
	for name, ok := range map[string]bool{
		"111122223333": true, "11112222333": false, "AIDAEXAMPLEID1234567": true, "AROAEXAMPLEID1234567:session": true, "arocket": false,
		"arn:aws:iam::111122223333:root": true, "arn:aws-cn:iam::111122223333:user/path/u": true, "arn:aws:iam::111122223333:user/": false,
		"arn:aws:sts::111122223333:assumed-role/r/s": true, "arn:aws:sts::111122223333:assumed-role/r": false, "arn:aws:sts::111122223333:federated-user/f": true,
		"arn:aws:s3:::bucket": false, "arn:amazon:iam::111122223333:root": false, "arn:aws:iam:eu-west-1:111122223333:root": false, "arn:aws:iam::111122223333": false,
	} {
		if code, message := checkPrincipal(AWS, name); (code == "") != ok {
			t.Errorf("%s: %s", name, message)
		}
	}
}

func TestDates(t *testing.T) {
	for text, ok := range map[string]bool{
		"2026": true, "2026-01": true, "2026-01-31": true, "2026-01-31T12:00Z": true, "2026-01-31T12:00:00.123+0100": true, "1767225600": true, "-5": true,
		"": false, "2026-1-1": false, "31.01.2026": false, "2026-01-31T": false, "2026-01-31 12:00": false, "2026-01-31T12:00:00.1x": false, "tomorrow": false,
	} {
		if validDate(text) != ok {
			t.Errorf("%q: %v", text, !ok)
		}
	}
}

func TestOperatorText(t *testing.T) {
	for _, b := range Bases() {
		for _, set := range []Set{Plain, ForAllValues, ForAnyValue} {
			for _, ifExists := range []bool{false, true} {
				want := Operator{set, b, ifExists}
				got, ok := ParseOperator(strings.ToUpper(want.String()))
				if valid := b != Null || !ifExists; ok != valid || valid && got != want {
					t.Errorf("%s: %+v %v", want, got, ok)
				}
			}
		}
	}
	for _, text := range []string{"", "IfExists", "ForAnyValue:", "ForSomeValues:Bool", "StringEqualsIfExistsIfExists"} {
		if _, ok := ParseOperator(text); ok {
			t.Errorf("%q is an operator", text)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"StringEquals", "StringLike", "Bool"}
	for got, want := range map[string]string{"StringEqual": "StringEquals", "stringlke": "StringLike", "Boolean": "", "": ""} {
		if n := Nearest(got, names); n != want {
			t.Errorf("%q: %q, want %q", got, n, want)
		}
	}
}

// What a source did not see stays unseen.
func TestOfUnseen(t *testing.T) {
	unknown := evidence.Unknown{Reason: "denied"}
	if d := Of(unknown); d.Unseen != "denied" {
		t.Errorf("%+v", d)
	}
	if d := Of("text"); d.Unseen == "" {
		t.Errorf("%+v", d)
	}
	d := Of(map[string]any{"Version": unknown, "Statement": []any{unknown, map[string]any{
		"Effect": unknown, "Principal": unknown, "Action": []any{"s3:*", unknown}, "Resource": evidence.Unknown{Prefix: "arn:aws:s3:::b"},
		"Condition": map[string]any{"Bool": unknown, "StringEquals": map[string]any{"a:b": []any{true, int64(5), 1.5, unknown}}},
	}}})
	if d.Unseen != "denied" || len(d.Statements) != 1 || d.Version != Version2012 {
		t.Fatalf("%+v", d)
	}
	s := d.Statements[0]
	if s.Unseen != EffectPart|PrincipalPart|ActionPart|ConditionPart || len(s.Actions) != 1 || len(s.Resources) != 1 || !s.Resources[0].Partial {
		t.Errorf("%+v", s)
	}
	if c := s.Conditions[0]; !c.Unseen || len(c.Values) != 3 || c.Values[0].Value != "true" || c.Values[1].Value != "5" || c.Values[2].Value != "1.5" {
		t.Errorf("%+v", c)
	}
	if d := Of(map[string]any{"Statement": map[string]any{"Condition": unknown, "Principal": "somebody"}}); d.Statements[0].Unseen != EffectPart|PrincipalPart|ConditionPart {
		t.Errorf("%+v", d.Statements[0])
	}
}
