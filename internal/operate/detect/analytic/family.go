package analytic

import "strings"

// family is the kind of software a user agent names, without versions and what else
// changes from day to day: aws-cli, Boto3, Terraform, Firefox.
func family(agent string) string {
	agent = strings.TrimPrefix(agent, "[")
	switch {
	case agent == "":
		return ""
	case strings.HasPrefix(agent, "Mozilla/"):
		return browser(agent)
	case strings.HasPrefix(agent, "APN/"):
		return partner(agent)
	}
	end := strings.IndexAny(agent, "/ ,;(]")
	if end < 0 {
		end = len(agent)
	}
	return product(agent[:end])
}

// product cuts what looks like an identifier off a name: a run of eight and more hex
// digits, or a version that follows a dash or an underscore.
func product(name string) string {
	for i := 1; i < len(name); i++ {
		if (name[i-1] == '-' || name[i-1] == '_') && unique(name[i:]) {
			return name[:i-1]
		}
	}
	return name
}

func unique(rest string) bool {
	digits, n := 0, 0
	for n < len(rest) && hexByte(rest[n]) {
		if rest[n] <= '9' {
			digits++
		}
		n++
	}
	return n >= 8 && digits > 0 || n > 0 && digits == n && n >= 4
}

func browser(agent string) string {
	for _, b := range [...]struct{ mark, name string }{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"HeadlessChrome/", "HeadlessChrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(agent, b.mark) {
			return b.name
		}
	}
	return "Mozilla"
}

// partner names the product behind "APN/1.0 HashiCorp/1.0 Terraform/1.5".
func partner(agent string) string {
	rest := agent
	for range 2 {
		_, after, ok := strings.Cut(rest, " ")
		if !ok {
			return "APN"
		}
		rest = after
	}
	end := strings.IndexAny(rest, "/ ")
	if end < 0 {
		end = len(rest)
	}
	return rest[:end]
}
