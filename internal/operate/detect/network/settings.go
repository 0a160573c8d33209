package network

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Parameter is one thing that can be set.
type Parameter struct {
	Name    string
	Default any // nil where it has to be given
	About   string
}

// settings are the parameters of a detection while an engine reads them.
type settings struct {
	given  map[string]any
	known  []Parameter
	faults []error
}

func (s *settings) look(name string, preset any, about string) (any, bool) {
	s.known = append(s.known, Parameter{name, preset, about})
	v, ok := s.given[name]
	return v, ok
}

func (s *settings) wrong(name string, v any, want string) {
	s.faults = append(s.faults, fmt.Errorf("parameter %q: %v is not %s", name, v, want))
}

// whole is a whole number within bounds.
func (s *settings) whole(name string, preset, least, most int, about string) int {
	v, ok := s.look(name, preset, about)
	if !ok {
		return preset
	}
	var n int64
	switch v := v.(type) {
	case int:
		n = int64(v)
	case int64:
		n = v
	default:
		s.wrong(name, v, "a whole number")
		return preset
	}
	if n < int64(least) || n > int64(most) {
		s.wrong(name, v, fmt.Sprintf("from %d to %d", least, most))
		return preset
	}
	return int(n)
}

// number is any number within bounds.
func (s *settings) number(name string, preset, least, most float64, about string) float64 {
	v, ok := s.look(name, preset, about)
	if !ok {
		return preset
	}
	var n float64
	switch v := v.(type) {
	case int:
		n = float64(v)
	case int64:
		n = float64(v)
	case float64:
		n = v
	default:
		s.wrong(name, v, "a number")
		return preset
	}
	if !(n >= least && n <= most) {
		s.wrong(name, v, fmt.Sprintf("from %g to %g", least, most))
		return preset
	}
	return n
}

// span is a duration up to an hour, or a few days for how long to keep quiet.
func (s *settings) span(name, preset, about string, most time.Duration) time.Duration {
	normal, err := time.ParseDuration(preset)
	if err != nil {
		s.faults = append(s.faults, err)
	}
	v, ok := s.look(name, preset, about)
	if !ok {
		return normal
	}
	text, is := v.(string)
	d, err := time.ParseDuration(text)
	if !is || err != nil || d < time.Second || d > most {
		s.wrong(name, v, fmt.Sprintf("a duration such as 90s, 10m or 1h, up to %v", most))
		return normal
	}
	return d
}

// ports is a list of ports.
func (s *settings) ports(name string, preset []uint16, about string) []uint16 {
	v, ok := s.look(name, preset, about)
	if !ok {
		return preset
	}
	list, is := v.([]any)
	if !is {
		s.wrong(name, v, "a list of ports")
		return preset
	}
	out := []uint16{}
	for _, v := range list {
		var n int64 = -1
		switch v := v.(type) {
		case int:
			n = int64(v)
		case int64:
			n = v
		}
		if n < 0 || n > 65535 {
			s.wrong(name, v, "a port")
			continue
		}
		out = append(out, uint16(n))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// names is a list of texts.
func (s *settings) names(name string, preset []string, about string) []string {
	v, ok := s.look(name, preset, about)
	if !ok {
		return preset
	}
	list, is := v.([]any)
	out := []string{}
	for _, v := range list {
		text, is := v.(string)
		if !is {
			s.wrong(name, v, "a text")
			continue
		}
		out = append(out, strings.ToLower(strings.Trim(text, ". ")))
	}
	if !is {
		s.wrong(name, v, "a list of texts")
	}
	return out
}

// word is one of some words; without a preset it has to be given.
func (s *settings) word(name, preset string, about string, allowed ...string) string {
	var standard any
	if preset != "" {
		standard = preset
	}
	v, ok := s.look(name, standard, about)
	if !ok && preset != "" {
		return preset
	}
	text, is := v.(string)
	if !is || !slices.Contains(allowed, text) {
		s.wrong(name, v, "one of "+strings.Join(allowed, ", "))
		return preset
	}
	return text
}

// fault is what was wrong, unknown parameters included.
func (s *settings) fault() error {
	for _, name := range slices.Sorted(maps.Keys(s.given)) {
		if !slices.ContainsFunc(s.known, func(p Parameter) bool { return p.Name == name }) {
			s.faults = append(s.faults, fmt.Errorf("there is no parameter %q; there are %s", name, strings.Join(s.parameters(), ", ")))
		}
	}
	return errors.Join(s.faults...)
}

func (s *settings) parameters() (out []string) {
	for _, p := range s.known {
		out = append(out, p.Name)
	}
	return out
}
