package cloudformation

import (
	"fmt"
	"path"
	"strings"
)

// glob is a pattern against slash-separated paths; ** stands for any number of
// folders. A pattern without a slash matches a name at any depth.
type glob []string

func parseGlobs(patterns []string) ([]glob, error) {
	var out []glob
	for _, p := range patterns {
		g := glob(strings.Split(strings.Trim(strings.TrimPrefix(p, "./"), "/"), "/"))
		for _, part := range g {
			if _, err := path.Match(part, ""); err != nil {
				return nil, fmt.Errorf("exclude pattern %q: %w", p, err)
			}
		}
		if len(g) == 1 && g[0] != "**" {
			g = append(glob{"**"}, g...)
		}
		out = append(out, g)
	}
	return out, nil
}

func (g glob) match(name string) bool { return matchParts(g, strings.Split(name, "/")) }

func matchParts(pattern, parts []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for len(pattern) > 1 && pattern[1] == "**" {
				pattern = pattern[1:]
			}
			for i := 0; i <= len(parts); i++ {
				if matchParts(pattern[1:], parts[i:]) {
					return true
				}
			}
			return false
		}
		if len(parts) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], parts[0]); !ok {
			return false
		}
		pattern, parts = pattern[1:], parts[1:]
	}
	return len(parts) == 0
}
