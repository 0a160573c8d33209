package exposure

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Render writes a condition on one line: StringEquals aws:PrincipalOrgID o-abc.
func Render(c *policy.Condition) string {
	values := make([]string, 0, len(c.Values)+1)
	for _, v := range c.Values {
		values = append(values, renderText(v))
	}
	if c.Unseen {
		values = append(values, "(not seen)")
	}
	return c.Operator + " " + c.Key + " " + strings.Join(values, ", ")
}

func renderText(t policy.Text) string {
	if t.Partial {
		return t.Value + "…" + t.Suffix
	}
	return t.Value
}

func renderTexts(list []policy.Text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = renderText(t)
	}
	return out
}

func renderConditions(list []policy.Condition) []string {
	var out []string
	for i := range list {
		out = append(out, Render(&list[i]))
	}
	return out
}
