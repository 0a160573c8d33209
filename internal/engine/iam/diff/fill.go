package diff

import "strings"

// fill makes an example of a pattern: something that reads well in place of each
// wildcard and variable.
func fill(pattern string) string {
	parts := strings.SplitN(generalise(pattern), ":", 6)
	if parts[0] != "arn" || len(parts) < 6 {
		return fillWith(generalise(pattern), "example")
	}
	for i, with := range []string{"arn", "aws", "s3", "us-east-1", "111122223333", "example"} {
		parts[i] = fillWith(parts[i], with)
	}
	return strings.Join(parts, ":")
}

func fillWith(s, with string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "*", with), "?", "x")
}
