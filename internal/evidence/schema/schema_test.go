package schema

import (
	"reflect"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

func TestEveryTypeDecodes(t *testing.T) {
	n := 0
	for name := range Names() {
		typ, ok := Lookup(name)
		if !ok {
			t.Fatalf("%s does not decode: %v", name, load().types[name].err)
		}
		for p := range typ.Properties() {
			if _, ok := typ.Property(p); !ok {
				t.Errorf("%s.%s is listed and not found", name, p)
			}
		}
		n++
	}
	if n < 1800 {
		t.Errorf("%d types, want the 1,800 and more of the database", n)
	}
	if source, license := Source(); source == "" || license != "Apache-2.0" {
		t.Errorf("source %q, licence %q", source, license)
	}
}

func TestProperty(t *testing.T) {
	for _, c := range []struct {
		typ  string
		path []string
		kind Kind
		ok   bool
	}{
		{"AWS::S3::Bucket", []string{"BucketName"}, String, true},
		{"AWS::S3::Bucket", []string{"PublicAccessBlockConfiguration", "BlockPublicAcls"}, Boolean, true},
		{"AWS::S3::Bucket", []string{"BucketEncryption", "ServerSideEncryptionConfiguration", "ServerSideEncryptionByDefault", "SSEAlgorithm"}, String, true},
		{"AWS::S3::Bucket", []string{"BucketEncryption", "ServerSideEncryptionConfiguration", "0", "BucketKeyEnabled"}, Boolean, true},
		{"AWS::S3::Bucket", []string{"BucketEncryption", "Nonsense"}, 0, false},
		{"AWS::S3::Bucket", []string{"BucketName", "Deeper"}, 0, false},
		{"AWS::S3::Bucket", []string{"Tags", "Key"}, String, true},
		{"AWS::S3::Bucket", nil, Object, true},
		{"AWS::IAM::Role", []string{"AssumeRolePolicyDocument", "Statement", "Anything"}, JSON, true},
		{"AWS::IAM::Role", []string{"Policies"}, List, true},
		{"AWS::EC2::SecurityGroup", []string{"SecurityGroupIngress", "FromPort"}, Integer, true},
		{"AWS::Lambda::Function", []string{"Environment", "Variables", "ANY"}, String, true},
		{"AWS::Logs::ResourcePolicy", []string{"PolicyDocument"}, JSON, true},
		{"AWS::WAFv2::WebACL", []string{"Rules", "Statement", "NotStatement", "Statement", "NotStatement", "Statement"}, Object, true},
	} {
		typ, ok := Lookup(c.typ)
		if !ok {
			t.Fatalf("%s is missing", c.typ)
		}
		p, ok := typ.Property(c.path...)
		if ok != c.ok || ok && p.Kind != c.kind {
			t.Errorf("%s %v = %v, %v; want %v, %v", c.typ, c.path, p.Kind, ok, c.kind, c.ok)
		}
	}
	if _, ok := Lookup("AWS::No::Such"); ok {
		t.Error("a type that does not exist was found")
	}
	list, _ := mustLookup(t, "AWS::IAM::Role").Property("ManagedPolicyArns")
	if e, ok := list.Element(); !ok || e.Kind != String {
		t.Errorf("element of ManagedPolicyArns = %v, %v", e.Kind, ok)
	}
	if _, ok := (Property{}).Element(); ok {
		t.Error("the zero property has an element")
	}
}

func mustLookup(t testing.TB, name string) *Type {
	t.Helper()
	typ, ok := Lookup(name)
	if !ok {
		t.Fatalf("%s is missing", name)
	}
	return typ
}

func TestRefProperty(t *testing.T) {
	for name, want := range map[string]string{
		"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName", "AWS::Lambda::Function": "FunctionName",
		"AWS::SNS::Topic": "", "AWS::EC2::SecurityGroup": "", "AWS::ECS::Service": "", "AWS::CodeBuild::Project": "Name",
	} {
		got, ok := mustLookup(t, name).RefProperty()
		if ok != (want != "") || ok && got != want {
			t.Errorf("%s: Ref gives %q, %v; want %q", name, got, ok, want)
		}
	}
}

func TestCoerce(t *testing.T) {
	unknown := evidence.Unknown{Reason: "reference to Key", Present: true, Ref: "Key"}
	in := map[string]any{
		"BucketName": int64(42),
		"PublicAccessBlockConfiguration": map[string]any{
			"BlockPublicAcls": "true", "BlockPublicPolicy": "TRUE", "IgnorePublicAcls": true, "RestrictPublicBuckets": "perhaps",
		},
		"LifecycleConfiguration": map[string]any{"Rules": []any{
			map[string]any{"ExpirationInDays": "80", "Status": true},
			map[string]any{"ExpirationInDays": "080"},
			map[string]any{"ExpirationInDays": 30.0},
			unknown,
		}},
		"BucketEncryption": unknown,
		"AccessControl":    nil,
		"NotInTheSchema":   "true",
		"Tags":             []any{map[string]any{"Key": "n", "Value": int64(7)}},
	}
	before := mustAppend(t, in)
	got := mustLookup(t, "AWS::S3::Bucket").Coerce(in)
	want := map[string]any{
		"BucketName": "42",
		"PublicAccessBlockConfiguration": map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": "perhaps",
		},
		"LifecycleConfiguration": map[string]any{"Rules": []any{
			map[string]any{"ExpirationInDays": int64(80), "Status": "true"},
			map[string]any{"ExpirationInDays": "080"},
			map[string]any{"ExpirationInDays": int64(30)},
			unknown,
		}},
		"BucketEncryption": unknown,
		"NotInTheSchema":   "true",
		"Tags":             []any{map[string]any{"Key": "n", "Value": "7"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if after := mustAppend(t, in); after != before {
		t.Errorf("the input changed:\n%s\n%s", before, after)
	}
	if again := mustLookup(t, "AWS::S3::Bucket").Coerce(got); !reflect.DeepEqual(again, got) {
		t.Errorf("a second pass changes the value: %v", again)
	}
}

func TestCoerceDocuments(t *testing.T) {
	typ := mustLookup(t, "AWS::Logs::ResourcePolicy")
	for text, want := range map[string]any{
		`{"Statement":[{"Effect":"Allow","N":1,"F":1.5,"L":12345678901234567890}]}`: map[string]any{
			"Statement": []any{map[string]any{"Effect": "Allow", "N": int64(1), "F": 1.5, "L": "12345678901234567890"}}},
		`{"broken`:        `{"broken`,
		`{} {}`:           `{} {}`,
		`just words`:      `just words`,
		"\n [\"listed\"]": []any{"listed"},
	} {
		got := typ.Coerce(map[string]any{"PolicyDocument": text})["PolicyDocument"]
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", text, got, want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]any{
		"80": int64(80), "-1": int64(-1), "0": int64(0), "1.5": "1.5", "5.0": int64(5), "1e3": int64(1000),
		"0x10": "0x10", "0123": "0123", "": "", "NaN": "NaN", "Inf": "Inf", "1_000": "1_000", "99999999999999999999": "99999999999999999999",
	} {
		if got, _ := parseNumber(text, Integer); got != want {
			t.Errorf("integer %q = %#v, want %#v", text, got, want)
		}
	}
	if got, ok := parseNumber("1.5", Number); !ok || got != 1.5 {
		t.Errorf("number 1.5 = %#v", got)
	}
}

func TestUnpackRefusesDamage(t *testing.T) {
	if _, err := unpack([]byte("not gzip")); err == nil {
		t.Error("rubbish was unpacked")
	}
	if _, err := unpack(packed[:len(packed)/2]); err == nil {
		t.Error("half a table was unpacked")
	}
	if _, err := decode("X", []byte("{")); err == nil {
		t.Error("half a line was decoded")
	}
}

func mustAppend(t *testing.T, v any) string {
	t.Helper()
	b, err := evidence.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzCoerce feeds JSON text to a document property; what comes back must be a
// value that evidence can hold.
func FuzzCoerce(f *testing.F) {
	f.Add(`{"a":[1,2.50,null,true]}`)
	f.Add(`[[[[[[`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"AWS::Logs::ResourcePolicy", "AWS::S3::Bucket"} {
			got := mustLookup(t, name).Coerce(map[string]any{"PolicyDocument": text, "BucketName": text})
			mustAppend(t, got)
		}
	})
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := unpack(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCoerce(b *testing.B) {
	typ := mustLookup(b, "AWS::S3::Bucket")
	in := map[string]any{"BucketName": "a", "PublicAccessBlockConfiguration": map[string]any{"BlockPublicAcls": "true"}}
	b.ReportAllocs()
	for b.Loop() {
		typ.Coerce(in)
	}
}
