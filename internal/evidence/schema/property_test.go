package schema

import "testing"

func TestFieldIgnoresLetterCase(t *testing.T) {
	queue, ok := Lookup("AWS::SecretsManager::Secret")
	if !ok {
		t.Fatal("the type is missing")
	}
	root, _ := queue.Property()
	for _, name := range []string{"KmsKeyId", "KMSKeyId", "kmskeyid"} {
		spelt, p, ok := root.Field(name)
		if !ok || spelt != "KmsKeyId" || p.Kind != String {
			t.Errorf("Field(%q) = %q, %v, %v", name, spelt, p.Kind, ok)
		}
	}
	if spelt, _, ok := root.Field("Nonsense"); ok {
		t.Errorf("Field found %q for a property that is not there", spelt)
	}
	if name, _, _ := root.Field("name"); name != "Name" {
		t.Errorf("Field(name) = %q", name)
	}
	inner, _ := queue.Property("KmsKeyId")
	if _, _, ok := inner.Field("x"); ok {
		t.Error("a string has no fields")
	}
}
