package awsconfig

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Status is configurationItemStatus.
type Status string

const (
	OK                 Status = "OK"
	Discovered         Status = "ResourceDiscovered"
	NotRecorded        Status = "ResourceNotRecorded"
	Deleted            Status = "ResourceDeleted"
	DeletedNotRecorded Status = "ResourceDeletedNotRecorded"
)

// Item is one configuration item: a resource as it looked from Captured on.
type Item struct {
	Key      string // what it is a version of: account, Region, Config's type and id
	Type     string // as Config calls it
	ID       string // resourceId
	Name     string // resourceName; may be empty
	ARN      string
	Account  string
	Region   string
	Status   Status
	Captured time.Time
	StateID  string // orders items that were captured in the same instant

	// Resources are the resource itself, first, and the parts that CloudFormation
	// declares apart. A deleted resource has none.
	Resources []*evidence.Resource

	opaque bool // the item could not be understood
}

// source is the item as it stands in the file, for the mappings.
type source struct {
	item          *Item
	config        map[string]any
	supplementary map[string]any
	relationships []any
	tags          map[string]string
}

// readItem understands one item. With an error it returns what it made out, so
// that the gap can say what is missing.
func readItem(fields map[string]any, name Name) (Item, error) {
	fields, _ = disown(fields).(map[string]any)
	item := Item{
		Type: textOf(fields, "resourceType"), ID: textOf(fields, "resourceId"), Name: textOf(fields, "resourceName"), ARN: textOf(fields, "arn"),
		Account: textOf(fields, "accountId", "awsAccountId"), Region: textOf(fields, "awsRegion", "region"),
		Status: Status(textOf(fields, "configurationItemStatus", "status")), StateID: numeral(field(fields, "configurationStateId")),
	}
	if item.Account == "" {
		item.Account = name.Account
	}
	if item.Region == "" {
		item.Region = name.Region
	}
	if item.Type == "" || item.ID == "" {
		return item, errors.New("it has no resourceType or no resourceId")
	}
	region := item.Region
	if mappings()[item.Type].global {
		region = evidence.Global // recorded in several Regions, it is still one thing
	}
	item.Key = strings.Join([]string{item.Account, region, item.Type, item.ID}, "|")
	var err error
	if item.Captured, err = instant(field(fields, "configurationItemCaptureTime", "captureTime")); err != nil {
		return item, fmt.Errorf("configurationItemCaptureTime: %w", err)
	}
	switch item.Status {
	case Deleted, DeletedNotRecorded, NotRecorded:
		return item, nil
	case OK, Discovered, "":
	default:
		return item, fmt.Errorf("configurationItemStatus %q is not one that AWS Config has", item.Status)
	}
	src := source{item: &item, tags: tagsOf(field(fields, "tags"))}
	if src.config, err = object(field(fields, "configuration")); err != nil {
		return item, fmt.Errorf("configuration: %w", err)
	}
	if src.config == nil {
		return item, errors.New("configuration is empty, although the resource is recorded")
	}
	if src.supplementary, err = supplements(field(fields, "supplementaryConfiguration")); err != nil {
		return item, fmt.Errorf("supplementaryConfiguration: %w", err)
	}
	src.relationships, _ = field(fields, "relationships").([]any)
	item.Resources = resourcesOf(&src)
	for _, r := range item.Resources {
		if deeper(r.Properties, maxNesting) {
			item.Resources = nil
			return item, fmt.Errorf("nested more than %d levels deep", maxNesting)
		}
	}
	return item, nil
}

// maxNesting is below what evidence has a canonical form for; text of JSON inside
// of text could add up to more.
const maxNesting = 100

func deeper(v any, than int) bool {
	if than < 0 {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if deeper(e, than-1) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if deeper(e, than-1) {
				return true
			}
		}
	}
	return false
}

// object takes a JSON object, or the text of one; the API answers text where
// the files have an object.
func object(v any) (map[string]any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return v, nil
	case string:
		if strings.TrimSpace(v) == "" || strings.TrimSpace(v) == "null" {
			return nil, nil
		}
		m, err := new(evidence.Decoder).DecodeObject([]byte(v))
		if err != nil {
			return nil, err
		}
		m, _ = disown(m).(map[string]any)
		return m, nil
	}
	return nil, fmt.Errorf("expected an object or its text, found %T", v)
}

// supplements decodes the values that are text of JSON.
func supplements(v any) (map[string]any, error) {
	m, err := object(v)
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(m))
	for name, v := range m {
		text, ok := v.(string)
		if trimmed := strings.TrimSpace(text); ok && trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[') {
			decoded, err := evidence.Decode([]byte(trimmed))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			v = disown(decoded)
		}
		out[name] = v
	}
	return out, nil
}

// disown turns marks of Unknown in foreign data back into the objects they look
// like: only Holdfast says what is unknown.
func disown(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = disown(e)
		}
	case []any:
		for i, e := range v {
			v[i] = disown(e)
		}
	case evidence.Unknown:
		return map[string]any{"$unknown": map[string]any{"reason": v.Reason}}
	}
	return v
}

// field finds a member by the first of the names that is there, whatever its
// letter case.
func field(m map[string]any, names ...string) any {
	for _, name := range names {
		if v, ok := m[name]; ok && v != nil {
			return v
		}
	}
	for _, name := range names {
		var found []string
		for k, v := range m {
			if v != nil && strings.EqualFold(k, name) {
				found = append(found, k)
			}
		}
		if len(found) > 0 {
			return m[slices.Min(found)]
		}
	}
	return nil
}

func textOf(m map[string]any, names ...string) string {
	switch v := field(m, names...).(type) {
	case string:
		return v
	case int64: // an account number written as a number has lost its zeros
		return fmt.Sprintf("%012d", v)
	}
	return ""
}

func numeral(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// instant reads a timestamp in the ways of the files (RFC 3339) and of the API
// (seconds since 1970).
func instant(v any) (time.Time, error) {
	switch v := v.(type) {
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, fmt.Errorf("%q is not a timestamp", v)
	case int64:
		if v > 0 && v < 1<<40 {
			return time.Unix(v, 0).UTC(), nil
		}
	case float64:
		if v > 0 && v < 1<<40 {
			whole, part := math.Modf(v)
			return time.Unix(int64(whole), int64(math.Round(part*1e3))*1e6).UTC(), nil
		}
	case nil:
		return time.Time{}, errors.New("missing")
	}
	return time.Time{}, fmt.Errorf("%v is not a timestamp", v)
}

// tagsOf reads tags as an object of values or as a list of keys and values.
func tagsOf(v any) map[string]string {
	out := map[string]string{}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok {
				out[k] = s
			}
		}
	case []any:
		for _, e := range v {
			m, _ := e.(map[string]any)
			if key, ok := field(m, "key").(string); ok {
				value, _ := field(m, "value").(string)
				out[key] = value
			}
		}
	}
	return out
}
