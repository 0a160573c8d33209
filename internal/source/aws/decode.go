package aws

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// decode fills an SDK output from property values: what Shape does, backwards.
// Names are matched without regard to case, since the wire protocols disagree
// with the models about it; times may be RFC 3339 or seconds since 1970, bytes
// base64 or plain text. Unions, which Go cannot build by name, stay empty.
func decode[O any](v any) (*O, error) {
	out := new(O)
	if err := fill(reflect.ValueOf(out).Elem(), v, ""); err != nil {
		return nil, fmt.Errorf("as %T: %w", out, err)
	}
	return out, nil
}

func fill(to reflect.Value, v any, path string) error {
	if v == nil {
		return nil
	}
	if to.Kind() == reflect.Pointer {
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		return fill(to.Elem(), v, path)
	}
	if to.Type() == timeType {
		return fillTime(to, v, path)
	}
	switch to.Kind() {
	case reflect.Interface:
		return nil
	case reflect.Struct:
		return fillStruct(to, v, path)
	case reflect.Map:
		return fillMap(to, v, path)
	case reflect.Slice:
		return fillSlice(to, v, path)
	}
	return fillScalar(to, v, path)
}

func mismatch(path string, to reflect.Value, v any) error {
	return fmt.Errorf("%s: a %s cannot hold %.60q", path, to.Type(), fmt.Sprint(v))
}

func fillScalar(to reflect.Value, v any, path string) error {
	switch x := v.(type) {
	case string:
		if to.Kind() == reflect.String {
			to.SetString(x)
			return nil
		}
		// The CLI quotes booleans and numbers of the query protocols now and then.
		if to.Kind() == reflect.Bool && (x == "true" || x == "false") {
			to.SetBool(x == "true")
			return nil
		}
	case map[string]any:
		// The CLI prints IAM's documents as objects where the API has text.
		if b, err := evidence.Append(nil, x); err == nil && to.Kind() == reflect.String {
			to.SetString(string(b))
			return nil
		}
	case bool:
		if to.Kind() == reflect.Bool {
			to.SetBool(x)
			return nil
		}
	case int64:
		switch {
		case to.CanInt() && !to.OverflowInt(x):
			to.SetInt(x)
			return nil
		case to.CanFloat():
			to.SetFloat(float64(x))
			return nil
		}
	case float64:
		if to.CanFloat() {
			to.SetFloat(x)
			return nil
		}
	}
	return mismatch(path, to, v)
}

func fillStruct(to reflect.Value, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return mismatch(path, to, v)
	}
	t := to.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		inner, ok := object[field.Name]
		if !ok {
			inner, ok = anyCase(object, field.Name)
		}
		if !ok {
			continue
		}
		if err := fill(to.Field(i), inner, join(path, field.Name)); err != nil {
			return err
		}
	}
	return nil
}

func anyCase(object map[string]any, name string) (any, bool) {
	for k, v := range object {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return nil, false
}

func fillMap(to reflect.Value, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok || to.Type().Key().Kind() != reflect.String {
		return mismatch(path, to, v)
	}
	out := reflect.MakeMapWithSize(to.Type(), len(object))
	for k, e := range object {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := fill(item, e, join(path, k)); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(to.Type().Key()), item)
	}
	to.Set(out)
	return nil
}

func fillSlice(to reflect.Value, v any, path string) error {
	if to.Type().Elem().Kind() == reflect.Uint8 {
		return fillBytes(to, v, path)
	}
	list, ok := v.([]any)
	if !ok {
		return mismatch(path, to, v)
	}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	for i, e := range list {
		if err := fill(out.Index(i), e, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

func fillBytes(to reflect.Value, v any, path string) error {
	s, ok := v.(string)
	if !ok {
		return mismatch(path, to, v)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		b = []byte(s)
	}
	to.SetBytes(b)
	return nil
}

func fillTime(to reflect.Value, v any, path string) error {
	switch x := v.(type) {
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999-0700", "2006-01-02"} {
			if t, err := time.Parse(layout, x); err == nil {
				to.Set(reflect.ValueOf(t.UTC()))
				return nil
			}
		}
	case int64:
		if x > 1e11 { // milliseconds
			to.Set(reflect.ValueOf(time.UnixMilli(x).UTC()))
		} else {
			to.Set(reflect.ValueOf(time.Unix(x, 0).UTC()))
		}
		return nil
	case float64:
		if whole, frac := math.Modf(x); math.Abs(whole) < 1e12 {
			to.Set(reflect.ValueOf(time.Unix(int64(whole), int64(frac*1e9)).UTC()))
			return nil
		}
	}
	return mismatch(path, to, v)
}
