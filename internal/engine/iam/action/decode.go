package action

import (
	"fmt"
	"strconv"
	"strings"
)

// indexEntry sorts before every service.
const indexEntry = "#index"

// readIndex reads what stands beside the services: kind, name and services a
// line.
func (c *catalogue) readIndex(i int) {
	text, err := c.file.Entry(i)
	if err != nil {
		return
	}
	for line := range strings.Lines(text) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		name, services, _ := strings.Cut(rest, "\t")
		switch list := strings.Fields(services); kind {
		case "rcp":
			c.rcp = list
		case "key":
			c.keyHomes = append(c.keyHomes, home{name, list})
		case "arn":
			c.arnHomes[name] = list
		}
	}
}

var levelOf = map[string]Level{"l": List, "r": Read, "w": Write, "t": Tagging, "p": Permissions}

// decode reads a service as the generator writes it; see gen/render.go.
func decode(prefix, text string) (*Service, error) {
	d := decoder{service: &Service{Prefix: prefix}, lists: map[string][]string{}}
	name, rest, _ := strings.Cut(text, "\n")
	d.service.Name = name
	read := []func([]string) error{d.key, d.resource, d.action}
	for line := range strings.Lines(rest) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			if read = read[1:]; len(read) == 0 {
				return nil, fmt.Errorf("%s: more than three parts", prefix)
			}
			continue
		}
		if err := read[0](strings.Split(line, "\t")); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", prefix, line, err)
		}
	}
	d.service.keys = newKeySet(d.keys)
	return d.service, nil
}

type decoder struct {
	service *Service
	keys    []Key
	lists   map[string][]string // lists of keys recur and are shared
}

func (d *decoder) key(f []string) error {
	if len(f) != 2 || f[1] == "" {
		return fmt.Errorf("%d fields", len(f))
	}
	t, ok := typeOf[f[1][0]]
	if !ok {
		return fmt.Errorf("type %q", f[1])
	}
	d.keys = append(d.keys, Key{Name: f[0], Type: t, Multivalued: strings.HasSuffix(f[1], "+"), Service: d.service.Prefix})
	return nil
}

func (d *decoder) resource(f []string) error {
	if len(f) != 3 {
		return fmt.Errorf("%d fields", len(f))
	}
	keys, err := d.list(f[2])
	if err != nil {
		return err
	}
	d.service.resources = append(d.service.resources, &ResourceType{Service: d.service.Prefix, Name: f[0], ARN: f[1], Keys: keys})
	return nil
}

func (d *decoder) action(f []string) error {
	if len(f) != 5 {
		return fmt.Errorf("%d fields", len(f))
	}
	full := d.service.Prefix + ":" + f[0]
	a := &Action{Service: d.service.Prefix, Name: full[len(d.service.Prefix)+1:], full: full, Level: levelOf[f[1]]}
	var err error
	if a.Keys, err = d.list(f[3]); err != nil {
		return err
	}
	if f[4] != "" {
		a.Dependent = strings.Fields(f[4])
	}
	if f[2] != "" {
		for item := range strings.SplitSeq(f[2], ";") {
			u, err := d.use(item)
			if err != nil {
				return err
			}
			a.Resources = append(a.Resources, u)
		}
	}
	d.service.actions = append(d.service.actions, a)
	return nil
}

// use reads a number, "!" where the type is required, and a colon with keys.
func (d *decoder) use(item string) (Use, error) {
	number, list, _ := strings.Cut(item, ":")
	number, required := strings.CutSuffix(number, "!")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(d.service.resources) {
		return Use{}, fmt.Errorf("resource type %q", number)
	}
	keys, err := d.list(list)
	return Use{Type: d.service.resources[n], Required: required, Keys: keys}, err
}

func (d *decoder) list(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	if names, ok := d.lists[list]; ok {
		return names, nil
	}
	var names []string
	for item := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(item)
		if err != nil || n < 0 || n >= len(d.keys) {
			return nil, fmt.Errorf("condition key %q", item)
		}
		names = append(names, d.keys[n].Name)
	}
	d.lists[list] = names
	return names, nil
}
