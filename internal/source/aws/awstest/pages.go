package awstest

import (
	"context"
	"reflect"
	"strings"

	"holdfast.dev/holdfast/internal/source/aws"
)

// TwoPages answers every listing in two pages: the first holds the first half
// of its lists (nothing, of a list of one), the second the rest. A collector
// that does not follow tokens loses what stands on the second page.
func TwoPages(next Answer) Answer {
	return func(ctx context.Context, r *aws.Request) (any, error) {
		v, err := next(ctx, r)
		page, ok := v.(map[string]any)
		token := inputToken(r.Input)
		if err != nil || !ok || token == nil {
			return v, err
		}
		typed, err := r.Decode(page)
		if err != nil {
			return nil, err
		}
		if !outputHasToken(reflect.ValueOf(typed).Elem(), 0) {
			return v, nil
		}
		return half(page, *token == secondPage), nil
	}
}

const secondPage = "second-page"

var inputTokens = []string{"NextToken", "Marker", "ContinuationToken", "ExclusiveStartTableName", "PageToken"}

var outputTokens = []string{"NextToken", "NextMarker", "Marker", "ContinuationToken", "NextContinuationToken", "LastEvaluatedTableName", "NextPageToken"}

// inputToken is the page token of an input: nil where the operation has none.
func inputToken(input any) *string {
	v := reflect.Indirect(reflect.ValueOf(input))
	for _, name := range inputTokens {
		f := v.FieldByName(name)
		if !f.IsValid() || f.Type() != reflect.TypeFor[*string]() {
			continue
		}
		if f.IsNil() {
			return new(string)
		}
		s := f.Elem().String()
		return &s
	}
	return nil
}

func outputHasToken(v reflect.Value, depth int) bool {
	if v.Kind() == reflect.Pointer {
		v = reflect.New(v.Type().Elem()).Elem()
	}
	if v.Kind() != reflect.Struct || depth > 1 {
		return false
	}
	for _, name := range outputTokens {
		if f := v.FieldByName(name); f.IsValid() && f.Type() == reflect.TypeFor[*string]() {
			return true
		}
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && strings.HasSuffix(f.Name, "List") && outputHasToken(v.Field(i), depth+1) {
			return true
		}
	}
	return false
}

// half is one half of a listing; what is no list stands on both.
func half(page map[string]any, second bool) map[string]any {
	out := map[string]any{}
	for k, v := range page {
		switch v := v.(type) {
		case []any:
			if cut := len(v) / 2; second {
				out[k] = v[cut:]
			} else {
				out[k] = v[:cut]
			}
		case map[string]any:
			if strings.HasSuffix(k, "List") {
				out[k] = half(v, second)
			} else {
				out[k] = v
			}
		default:
			out[k] = v
		}
	}
	for _, name := range outputTokens {
		if second {
			delete(out, name)
		} else {
			out[name] = secondPage
		}
	}
	out["IsTruncated"], out["Truncated"] = !second, !second
	return out
}
