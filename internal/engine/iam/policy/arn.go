package policy

import "strings"

// ARN is an Amazon Resource Name taken apart; each part may be a pattern.
type ARN struct{ Partition, Service, Region, Account, Resource string }

// SplitARN takes an ARN apart. Colons of variables (${aws:username}) do not count.
// It is not ok where a part is missing or the text does not start with "arn:".
func SplitARN(s string) (ARN, bool) {
	parts := splitARN(s)
	if len(parts) < 6 || parts[0] != "arn" {
		return ARN{}, false
	}
	return ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// String puts the parts together again.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// IsAccount tells whether s is the number of an account: twelve digits.
func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// splitARN cuts at the first five colons outside variables.
func splitARN(s string) []string {
	parts := make([]string, 0, 6)
	from := 0
	for i := 0; i < len(s) && len(parts) < 5; i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			if end := strings.IndexByte(s[i:], '}'); end > 0 {
				i += end
			}
		case s[i] == ':':
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// partitions of AWS (botocore's partitions.json, Apache-2.0).
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"}

func knownPartition(s string) bool {
	for _, p := range partitions {
		if p == s {
			return true
		}
	}
	return false
}
