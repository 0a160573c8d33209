package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func canonical(t testing.TB, v any) string {
	t.Helper()
	b, err := Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAppendIsCanonical(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{map[string]any{"b": int64(1), "a": nil, "\u20ac": true}, `{"a":null,"b":1,"€":true}`},
		// RFC 8785, 3.2.3: U+1F600 is a surrogate pair and sorts before U+FB33.
		{map[string]any{"\ufb33": int64(1), "\U0001f600": int64(2)}, "{\"\U0001f600\":2,\"\ufb33\":1}"},
		{1e21, "1e+21"}, {1e-7, "1e-7"}, {0.000001, "0.000001"}, {333333333.3333333, "333333333.3333333"},
		{"\x00\n\"\\é\xff", `"\u0000\n\"\\é` + "\ufffd\""},
		{int64(9007199254740993), "9007199254740993"},
		{Unknown{Reason: "denied", Present: true, Ref: "Key"}, `{"$unknown":{"present":true,"reason":"denied","ref":"Key"}}`},
		{Unknown{Reason: "r", Prefix: "arn:", Suffix: "/x"}, `{"$unknown":{"prefix":"arn:","reason":"r","suffix":"/x"}}`},
		{map[string]any{"$unknown": "x"}, `{"$$unknown":"x"}`},
	} {
		if got := canonical(t, c.in); got != c.want {
			t.Errorf("Append(%#v) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	deep := any("x")
	for range maxDepth + 2 {
		deep = []any{deep}
	}
	for name, v := range map[string]any{"int": 1, "struct": struct{}{}, "deep": deep, "inner": map[string]any{"a": []any{int32(1)}}} {
		if _, err := Append(nil, v); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	_, err := Append(nil, map[string]any{"a": []any{int32(1)}})
	if err == nil || !strings.Contains(err.Error(), "a: [0]: a property cannot hold a int32") {
		t.Errorf("the error does not say where: %v", err)
	}
}

func TestDecode(t *testing.T) {
	got, err := Decode([]byte(`{"a":[1,1.5,80.0,true,null,"x"],"b":{"$unknown":{"reason":"r"}},"c":{"$$unknown":1},"d":1,"d":2}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": []any{int64(1), 1.5, int64(80), true, nil, "x"},
		"b": Unknown{Reason: "r"}, "c": map[string]any{"$unknown": int64(1)}, "d": int64(2),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for in, want := range map[string]string{
		``: "ends too early", `{"a":`: "ends too early", `{"a":1} 2`: "more data after", `{a:1}`: "byte 1",
		`1e999`: "out of range", strings.Repeat("[", 5000): "levels deep",
	} {
		if _, err := Decode([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode(%.20q) = %v, want an error with %q", in, err, want)
		}
	}
}

func TestDigestSeesWhatMattersOnly(t *testing.T) {
	r := Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Properties: map[string]any{"BucketName": "b"}}
	same := r
	same.Source, same.Origin = "awsconfig", &Origin{File: "x"}
	other := r
	other.Properties = map[string]any{"BucketName": "b", "ObjectLockEnabled": true}
	digest := func(r Resource) Digest {
		d, err := r.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if digest(r) != digest(same) || digest(r) == digest(other) {
		t.Error("the digest has to follow the content and nothing else")
	}
}

// anyValue draws a property value.
func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 8
		if depth == 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Int64().Draw(t, "int")
		case 3:
			return Number(rapid.Float64Range(-1e30, 1e30).Draw(t, "float"))
		case 4:
			return rapid.String().Draw(t, "string")
		case 5:
			return Unknown{Reason: rapid.String().Draw(t, "reason"), Present: rapid.Bool().Draw(t, "present"), Prefix: rapid.String().Draw(t, "prefix"), Suffix: rapid.String().Draw(t, "suffix")}
		case 6:
			return rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "list")
		}
		key := rapid.OneOf(rapid.String(), rapid.Just("$unknown"), rapid.Just("$$unknown"))
		return rapid.MapOfN(key, anyValue(depth-1), 0, 3).Draw(t, "object")
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(3).Draw(t, "value")
		b, err := Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := Append(nil, back)
		if err != nil || string(again) != string(b) {
			t.Fatalf("%s came back as %s (%v)", b, again, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"$unknown":{"reason":"r"}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := Decode(in)
		if err != nil {
			return
		}
		b, err := Append(nil, v)
		if err != nil {
			return // too deep to write is refused, never mangled
		}
		if _, err := Decode(b); err != nil {
			t.Fatalf("%q was read, written as %s and refused: %v", in, b, err)
		}
	})
}
