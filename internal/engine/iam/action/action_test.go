package action

import (
	"slices"
	"strings"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, name := range []string{"s3:GetObject", "s3:getobject", "S3:GETOBJECT"} {
		a, ok := Lookup(name)
		if !ok || a.String() != "s3:GetObject" || a.Service != "s3" || a.Name != "GetObject" || a.Level != Read {
			t.Fatalf("Lookup(%q) = %+v, %v", name, a, ok)
		}
		u, ok := a.Use("object")
		if !ok || u.Type.ARN != "arn:${Partition}:s3:::${BucketName}/${ObjectName}" || u.Type.Glob() != "arn:*:s3:::*/*" || u.Required {
			t.Errorf("object of %s is %+v, %v", name, u, ok)
		}
		if !a.Supports("s3:ExistingObjectTag/team") || a.Supports("s3:VersionId") {
			t.Errorf("%s: supports the tag: %v, a version: %v", name, a.Supports("s3:ExistingObjectTag/team"), a.Supports("s3:VersionId"))
		}
	}
	for _, name := range []string{"", ":", "s3", "s3:", "s3:GetObjec", "s3:GetObjects", "s4:GetObject", "s3:*", "#index:GetObject"} {
		if a, ok := Lookup(name); ok {
			t.Errorf("Lookup(%q) found %v", name, a)
		}
	}
}

func TestKnownActions(t *testing.T) {
	run, _ := Lookup("ec2:RunInstances")
	required := []string{}
	for _, u := range run.Resources {
		if u.Required {
			required = append(required, u.Type.Name)
		}
	}
	if want := []string{"image", "instance", "network-interface", "security-group", "subnet"}; !slices.Equal(required, want) || len(run.Resources) < 15 {
		t.Errorf("RunInstances requires %v of %d types, want %v", required, len(run.Resources), want)
	}
	if u, _ := run.Use("instance"); !slices.Contains(u.Keys, "ec2:MetadataHttpTokens") {
		t.Errorf("RunInstances on an instance has keys %v", u.Keys)
	}
	pass, _ := Lookup("iam:PassRole")
	if !slices.Equal(pass.Keys, []string{"iam:AssociatedResourceArn", "iam:PassedToService"}) || len(pass.Resources) != 1 || pass.Resources[0].Type.Glob() != "arn:*:iam::*:role/*" {
		t.Errorf("PassRole is %+v", pass)
	}
	who, ok := Lookup("sts:GetCallerIdentity")
	if !ok || len(who.Resources) != 0 {
		t.Errorf("GetCallerIdentity is %+v", who)
	}
	for name, level := range map[string]Level{
		"s3:PutBucketPolicy": Permissions, "s3:ListBucket": List, "s3:PutObject": Write, "ec2:CreateTags": Tagging, "iam:PutRolePolicy": Permissions,
	} {
		a, _ := Lookup(name)
		if a.Level != level || a.Level.Mutates() != (level != List) {
			t.Errorf("%s has level %v, want %v", name, a.Level, level)
		}
	}
}

// TestWholeCatalogue decodes every service and looks every action up.
func TestWholeCatalogue(t *testing.T) {
	names := Services()
	if len(names) != 456 || !slices.IsSorted(names) {
		t.Fatalf("%d services, sorted %v", len(names), slices.IsSorted(names))
	}
	count := 0
	for i, name := range names {
		text, err := open().file.Entry(open().first + i)
		if err != nil {
			t.Fatal(err)
		}
		s, err := decode(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if found, ok := Find(strings.ToUpper(name)); !ok || found.Prefix != name || s.Name == "" {
			t.Errorf("Find(%q) = %v, %v", name, found, ok)
		}
		for j, a := range s.Actions() {
			count++
			if found, ok := Lookup(strings.ToUpper(a.String())); !ok || found.Name != a.Name || a.Level == UnknownLevel {
				t.Errorf("%s is not found again, or has no level", a)
			}
			if j > 0 && compareFold(s.actions[j-1].Name, a.Name) >= 0 {
				t.Errorf("%s is not in order", a)
			}
		}
	}
	if count != 22091 {
		t.Errorf("%d actions, want 22091", count)
	}
	if source, license := Source(); !strings.Contains(source, "iam-data") || !strings.Contains(license, "MIT") {
		t.Errorf("Source() = %q, %q", source, license)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		Write.String(): "Write", Permissions.String(): "Permissions management", Level(99).String(): "Unknown", Tagging.String(): "Tagging", Read.String(): "Read", List.String(): "List",
		Numeric.String(): "Numeric", IPAddress.String(): "IPAddress", Type(99).String(): "Unknown", Binary.String(): "Binary", Signed.String(): "signed", Always.String(): "always", Sometimes.String(): "sometimes",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s, _ := Find("s3")
	if r, ok := s.ResourceType("OBJECT"); !ok || r.Name != "object" {
		t.Errorf("%v, %v", r, ok)
	}
	if _, ok := s.ResourceType("thing"); ok {
		t.Error("there is no such type")
	}
	a, _ := s.Action("getobject")
	if _, ok := a.Use("bucket"); ok {
		t.Error("GetObject is on no bucket")
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{
		"S\nk", "S\nk\tz", "S\nk\t", "S\n\nr\tarn", "S\n\nr\tarn\t7", "S\n\n\nA\tr\t\t", "S\n\n\nA\tr\t3\t\t", "S\n\n\nA\tr\t\tx\t",
		"S\n\nr\tarn\t\n\nA\tr\t0:9\t\t", "S\n\n\n\n",
	} {
		if s, err := decode("x", text); err == nil {
			t.Errorf("%q became %+v", text, s)
		}
	}
}

func TestExpand(t *testing.T) {
	for pattern, want := range map[string]string{
		"s3:GetObject":          "s3:GetObject",
		"S3:getobject":          "s3:GetObject",
		"s3:GetObjectT*":        "s3:GetObjectTagging s3:GetObjectTorrent",
		"s3:GetBucket?cL":       "s3:GetBucketAcl",
		"*:GetCallerIdentity":   "sts:GetCallerIdentity",
		"st?:GetCallerIdentity": "sts:GetCallerIdentity",
		"*GetCallerIdentity":    "sts:GetCallerIdentity",
		"s3:Nope*":              "",
		"nope:*":                "",
		"s3:":                   "",
		"":                      "",
		"GetObject":             "",
		"*:*CallerI*":           "sts:GetCallerIdentity",
	} {
		var got []string
		for _, a := range Expand(pattern) {
			got = append(got, a.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("Expand(%q) = %v, want %s", pattern, got, want)
		}
	}
	all := len(Expand("*"))
	if s3 := len(Expand("s3:*")); all != 22091 || len(Expand("*:*")) != all || len(Expand("**")) != all || s3 < 150 || s3 != len(Expand("S3:*")) {
		t.Errorf("all %d, *:* %d, s3 %d", all, len(Expand("*:*")), s3)
	}
	if hostile := Expand("*:" + strings.Repeat("*e", 3000) + strings.Repeat("*", 3000)); len(hostile) != 0 {
		t.Errorf("a hostile pattern means %v", hostile)
	}
	if got := Expand("sts:Get" + strings.Repeat("*", 5000) + "CallerIdentity"); len(got) != 1 {
		t.Errorf("many stars are not one: %v", got)
	}
	sorted := slices.IsSortedFunc(Expand("*:*List*"), func(a, b *Action) int {
		if a.Service != b.Service {
			return strings.Compare(a.Service, b.Service)
		}
		return compareFold(a.Name, b.Name)
	})
	if !sorted {
		t.Error("Expand is not sorted")
	}
}

func TestRCP(t *testing.T) {
	for service, want := range map[string]bool{"s3": true, "sts": true, "SQS": true, "kms": true, "ec2": false, "iam": false, "nope": false} {
		if RCP(service) != want {
			t.Errorf("RCP(%q) = %v", service, !want)
		}
	}
}

// FuzzExpand compares with matching every full name, where the pattern has a colon
// outside of what * may stand for.
func FuzzExpand(f *testing.F) {
	f.Add("s3:Get*")
	f.Add("*:*Caller?dentity")
	f.Add("s?s:**")
	f.Fuzz(func(t *testing.T, pattern string) {
		if len(pattern) > 200 {
			return
		}
		want := 0
		for _, a := range open().all() {
			if matches(pattern, a.full) {
				want++
			}
		}
		if got := len(Expand(pattern)); got != want {
			t.Errorf("Expand(%q) has %d actions, want %d", pattern, got, want)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	Lookup("s3:GetObject")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Lookup("s3:getobject"); !ok {
			b.Fatal("not found")
		}
	}
}

// BenchmarkFirstLookup is what the first question for a service costs: its block
// is unpacked and the service decoded.
func BenchmarkFirstLookup(b *testing.B) {
	saved := open
	defer func() { open = saved }()
	b.ReportAllocs()
	for b.Loop() {
		fresh := load()
		open = func() *catalogue { return fresh }
		if _, ok := Lookup("ec2:RunInstances"); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkExpandAll(b *testing.B) {
	Expand("*")
	b.ReportAllocs()
	for b.Loop() {
		if len(Expand("*")) == 0 {
			b.Fatal("nothing")
		}
	}
}

func BenchmarkExpandVerb(b *testing.B) {
	Expand("*")
	b.ReportAllocs()
	for b.Loop() {
		if len(Expand("*:Describe*")) == 0 {
			b.Fatal("nothing")
		}
	}
}

func BenchmarkDecodeAll(b *testing.B) {
	saved := open
	defer func() { open = saved }()
	b.ReportAllocs()
	for b.Loop() {
		fresh := load()
		open = func() *catalogue { return fresh }
		if len(Expand("*")) == 0 {
			b.Fatal("nothing")
		}
	}
}
