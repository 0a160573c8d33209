package analytic

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// settings hands out parameters by name and remembers what was asked for, so that
// what nobody asked for can be refused, and the known ones listed.
type settings struct {
	given  map[string]any
	known  []Parameter
	faults []error
}

func (s *settings) ask(p Parameter) (any, bool) {
	s.known = append(s.known, p)
	v, ok := s.given[p.Name]
	return v, ok
}

func (s *settings) refuse(name string, v any, allowed string) {
	s.faults = append(s.faults, fmt.Errorf("params.%s: %#v is not allowed; it is %s", name, v, allowed))
}

// fault tells what was wrong with the parameters that were given.
func (s *settings) fault() error {
	var names []string
	for _, p := range s.known {
		names = append(names, p.Name)
	}
	for name := range s.given {
		if !slices.Contains(names, name) {
			s.faults = append(s.faults, fmt.Errorf("params.%s: there is no such parameter; there are %s", name, strings.Join(names, ", ")))
		}
	}
	slices.SortFunc(s.faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(s.faults...)
}

// whole asks for a whole number.
func (s *settings) whole(name string, normal, least, most int, about string) int {
	allowed := fmt.Sprintf("a whole number from %d to %d", least, most)
	v, ok := s.ask(Parameter{name, normal, allowed, about})
	if !ok {
		return normal
	}
	f, ok := number(v)
	if !ok || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		s.refuse(name, v, allowed)
		return normal
	}
	return int(f)
}

// number asks for a number.
func (s *settings) number(name string, normal, least, most float64, about string) float64 {
	allowed := fmt.Sprintf("a number from %v to %v", least, most)
	v, ok := s.ask(Parameter{name, normal, allowed, about})
	if !ok {
		return normal
	}
	f, ok := number(v)
	if !ok || !(f >= least && f <= most) {
		s.refuse(name, v, allowed)
		return normal
	}
	return f
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// span asks for a length of time: 10m, 24h, 14d.
func (s *settings) span(name string, normal, least, most time.Duration, about string) time.Duration {
	allowed := fmt.Sprintf("a time from %s to %s, like 10m, 24h or 14d", spell(least), spell(most))
	v, ok := s.ask(Parameter{name, spell(normal), allowed, about})
	if !ok {
		return normal
	}
	text, _ := v.(string)
	d, ok := parseSpan(text)
	if !ok || d < least || d > most {
		s.refuse(name, v, allowed)
		return normal
	}
	return d
}

const day = 24 * time.Hour

func parseSpan(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// spell writes a length of time as settings and messages have it.
func spell(d time.Duration) string {
	switch {
	case d >= 2*day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d >= time.Minute:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// choice asks for one of some words; without a normal one it has to be given.
func (s *settings) choice(name, normal string, of []string, about string) string {
	allowed := "one of " + strings.Join(of, ", ")
	p := Parameter{name, normal, allowed, about}
	if normal == "" {
		p.Default = nil
	}
	v, ok := s.ask(p)
	if !ok && normal != "" {
		return normal
	}
	text, _ := v.(string)
	if !slices.Contains(of, text) {
		if !ok {
			s.faults = append(s.faults, fmt.Errorf("params.%s: it has to be given; it is %s", name, allowed))
		} else {
			s.refuse(name, v, allowed)
		}
		return of[0]
	}
	return text
}

// choices asks for several of some words; all is the normal.
func (s *settings) choices(name string, of []string, about string) []string {
	allowed := "a list of " + strings.Join(of, ", ")
	v, ok := s.ask(Parameter{name, of, allowed, about})
	if !ok {
		return of
	}
	list, isList := v.([]any)
	if texts, ok := v.([]string); ok {
		isList = true
		for _, t := range texts {
			list = append(list, t)
		}
	}
	var chosen []string
	for _, item := range list {
		text, _ := item.(string)
		if !slices.Contains(of, text) {
			isList = false
			break
		}
		chosen = append(chosen, text)
	}
	if !isList || len(chosen) == 0 {
		s.refuse(name, v, allowed)
		return of
	}
	return chosen
}

// spellDays writes a number of seconds for people: 3.5 days.
func spellDays(seconds int64) string {
	if seconds < 86400 {
		return fmt.Sprintf("%d hours", seconds/3600)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(seconds)/86400), ".0") + " days"
}
