package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ocsfSchema reads the OCSF source files: classes and objects extend each
// other, attributes refer to a dictionary, profiles add attributes.
type ocsfSchema struct {
	root       string
	dictionary map[string]ocsfAttribute
	scalars    map[string]ocsfScalar
}

type ocsfAttribute struct {
	Type        string              `json:"type"`
	IsArray     bool                `json:"is_array"`
	Requirement string              `json:"requirement"`
	Enum        map[string]struct{} `json:"enum"`
	Deprecated  any                 `json:"@deprecated"`
}

type ocsfScalar struct {
	Type  string `json:"type"`
	Regex string `json:"regex"`
}

type ocsfThing struct {
	Extends     string                     `json:"extends"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	Constraints map[string][]string        `json:"constraints"`
}

func loadOCSF(t *testing.T) *ocsfSchema {
	t.Helper()
	archive := schemaFile(t, "ocsf-"+OCSFVersion+".tar.xz")
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xJf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Skipf("unpack %s: %v: %s", archive, err, out)
	}
	s := &ocsfSchema{root: filepath.Join(dir, "ocsf-"+OCSFVersion)}
	var d struct {
		Attributes map[string]ocsfAttribute `json:"attributes"`
		Types      struct {
			Attributes map[string]ocsfScalar `json:"attributes"`
		} `json:"types"`
	}
	s.read(t, "dictionary.json", &d)
	s.dictionary, s.scalars = d.Attributes, d.Types.Attributes
	return s
}

func (s *ocsfSchema) read(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.root, name))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatalf("OCSF schema, %s: %v", name, err)
	}
}

// attributes of a class or object, with what it extends, includes and, for the
// profiles in use, what those add.
func (s *ocsfSchema) attributes(t *testing.T, folder, name string, profiles []string) (map[string]ocsfAttribute, map[string][]string) {
	path := filepath.Join(folder, name+".json")
	if folder == "events" && name != "base_event" {
		path = filepath.Join(folder, "findings", name+".json")
	}
	var thing ocsfThing
	s.read(t, path, &thing)
	all, constraints := map[string]ocsfAttribute{}, map[string][]string{}
	if thing.Extends != "" {
		all, constraints = s.attributes(t, folder, thing.Extends, profiles)
	}
	maps.Copy(constraints, thing.Constraints)
	for key, raw := range thing.Attributes {
		if key == "$include" {
			var files []string
			if err := json.Unmarshal(raw, &files); err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				s.include(t, file, profiles, all)
			}
			continue
		}
		s.merge(t, all, key, raw, profiles)
	}
	return all, constraints
}

func (s *ocsfSchema) include(t *testing.T, file string, profiles []string, into map[string]ocsfAttribute) {
	var profile struct {
		Name       string                     `json:"name"`
		Attributes map[string]json.RawMessage `json:"attributes"`
	}
	s.read(t, file, &profile)
	for _, p := range profiles {
		if p == profile.Name {
			for key, raw := range profile.Attributes {
				s.merge(t, into, key, raw, profiles)
			}
		}
	}
}

func (s *ocsfSchema) merge(t *testing.T, into map[string]ocsfAttribute, key string, raw json.RawMessage, profiles []string) {
	var own struct {
		ocsfAttribute
		Profile *string `json:"profile"`
	}
	if err := json.Unmarshal(raw, &own); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	if own.Profile != nil && !strings.Contains(" "+strings.Join(profiles, " ")+" ", " "+*own.Profile+" ") {
		return
	}
	a, known := into[key]
	if !known {
		a = s.dictionary[key]
	}
	if own.Type != "" {
		a.Type = own.Type
	}
	if own.Requirement != "" {
		a.Requirement = own.Requirement
	}
	if own.Deprecated != nil {
		a.Deprecated = own.Deprecated
	}
	if len(own.Enum) > 0 {
		enum := maps.Clone(a.Enum)
		if enum == nil {
			enum = map[string]struct{}{}
		}
		maps.Copy(enum, own.Enum)
		a.Enum = enum
	}
	into[key] = a
}

// check tells what is wrong with an object; nothing if it is as the schema asks.
func (s *ocsfSchema) check(t *testing.T, folder, name, path string, v map[string]any, profiles []string) []string {
	attributes, constraints := s.attributes(t, folder, name, profiles)
	var wrong []string
	for key, a := range attributes {
		if _, ok := v[key]; !ok && a.Requirement == "required" {
			wrong = append(wrong, path+"."+key+" is required")
		}
	}
	if one := constraints["at_least_one"]; len(one) > 0 {
		found := false
		for _, key := range one {
			_, ok := v[key]
			found = found || ok
		}
		if !found {
			wrong = append(wrong, fmt.Sprintf("%s has none of %v", path, one))
		}
	}
	for key, value := range v {
		a, ok := attributes[key]
		switch {
		case name == "object":
		case !ok:
			wrong = append(wrong, path+"."+key+" is not an attribute of "+name)
		case a.Deprecated != nil:
			wrong = append(wrong, path+"."+key+" is deprecated")
		case a.IsArray:
			list, isList := value.([]any)
			if !isList {
				wrong = append(wrong, path+"."+key+" is not a list")
			}
			for i, item := range list {
				wrong = append(wrong, s.value(t, a, fmt.Sprintf("%s.%s[%d]", path, key, i), item, profiles)...)
			}
		default:
			wrong = append(wrong, s.value(t, a, path+"."+key, value, profiles)...)
		}
	}
	return wrong
}

func (s *ocsfSchema) value(t *testing.T, a ocsfAttribute, path string, v any, profiles []string) []string {
	scalar, isScalar := s.scalars[a.Type]
	if !isScalar {
		object, ok := v.(map[string]any)
		if !ok {
			return []string{path + " is not an object"}
		}
		return s.check(t, "objects", a.Type, path, object, profiles)
	}
	base := a.Type
	if scalar.Type != "" {
		base = scalar.Type
	}
	ok := true
	switch base {
	case "string_t":
		_, ok = v.(string)
	case "integer_t", "long_t":
		n, isNumber := v.(json.Number)
		_, err := n.Int64()
		ok = isNumber && err == nil
	case "boolean_t":
		_, ok = v.(bool)
	}
	if !ok {
		return []string{fmt.Sprintf("%s is %T, not %s", path, v, a.Type)}
	}
	if len(a.Enum) > 0 {
		if _, known := a.Enum[fmt.Sprint(v)]; !known {
			return []string{fmt.Sprintf("%s is %v, which its enum does not have", path, v)}
		}
	}
	return nil
}

func TestOCSFSchema(t *testing.T) {
	schema := loadOCSF(t)
	d := json.NewDecoder(bytes.NewReader(write(t, OCSF, someMeta(), sequence(append(someFindings(), hostileFindings()...)))))
	d.UseNumber()
	events, detections := 0, 0
	for d.More() {
		var event map[string]any
		if err := d.Decode(&event); err != nil {
			t.Fatal(err)
		}
		events++
		var profiles []string
		metadata := event["metadata"].(map[string]any)
		if list, ok := metadata["profiles"].([]any); ok {
			for _, p := range list {
				profiles = append(profiles, p.(string))
			}
		}
		if metadata["version"] != "1.5.0" {
			t.Errorf("version is %v", metadata["version"])
		}
		// The class, category and type ids come from the compiled schema:
		// classes 3 and 4 of category 2.
		class, name := "2003", "compliance_finding"
		if event["class_name"] == "Detection Finding" {
			class, name = "2004", "detection_finding"
			detections++
		}
		for key, want := range map[string]string{"class_uid": class, "category_uid": "2"} {
			if fmt.Sprint(event[key]) != want {
				t.Errorf("%s is %v", key, event[key])
			}
			delete(event, key)
		}
		if fmt.Sprint(event["type_uid"]) != class+"0"+fmt.Sprint(event["activity_id"]) {
			t.Errorf("type_uid is %v for activity %v", event["type_uid"], event["activity_id"])
		}
		event["class_uid"], event["category_uid"] = json.Number("0"), json.Number("0")
		for _, w := range schema.check(t, "events", name, "event", event, profiles) {
			t.Error(w)
		}
	}
	if events != len(someFindings())+len(hostile) || detections != 1 {
		t.Errorf("%d events, %d of them detections", events, detections)
	}
}

// The validator itself has to notice what is wrong.
func TestOCSFSchemaRefuses(t *testing.T) {
	schema := loadOCSF(t)
	event := map[string]any{"severity_id": json.Number("42"), "nonsense": "x", "finding_info": map[string]any{"title": "no uid"}}
	got := strings.Join(schema.check(t, "events", "compliance_finding", "event", event, nil), "\n")
	for _, want := range []string{"event.compliance is required", "event.severity_id is 42", "event.nonsense is not an attribute", "event.finding_info.uid is required"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}
