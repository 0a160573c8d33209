package detect

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// carried is what goes along with an event of a correlation, behind its id: the state
// of the correlation keeps it, so it outlives restarts. Some correlations count what
// happens all day, so it is written in a form that costs next to nothing: each text
// behind its length.
type carried struct {
	Account   string
	Region    string
	Service   string
	Name      string
	Principal string
	Session   string
	SourceIP  string
	UserAgent string
	Error     string
	Fields    map[string]string
}

// texts are those that are always there, in the order in which they are written.
func (c *carried) texts() [9]*string {
	return [...]*string{&c.Account, &c.Region, &c.Service, &c.Name, &c.Principal, &c.Session, &c.SourceIP, &c.UserAgent, &c.Error}
}

const carriedMark = "\x00"

// reference names an event in the state of correlations: its id, so that order does
// not depend on anything else, and what an alert about it will say.
func (d *Detector) reference(paths []string, x *analytic.Activity) string {
	b := d.write(paths, x, func(text string) string { return text })
	if !utf8.Valid(b) { // lengths and marks are ASCII, so the whole is valid where each text is
		b = d.write(paths, x, func(text string) string { return strings.ToValidUTF8(text, "\uFFFD") })
	}
	return string(b)
}

// write writes what goes along with an event: its texts as mend gives them, so that
// they outlive a state that is JSON.
func (d *Detector) write(paths []string, x *analytic.Activity, mend func(string) string) []byte {
	b := append(d.scratch[:0], x.ID...)
	b = append(b, carriedMark...)
	for _, text := range [...]string{x.Account, x.Region, x.Service, x.Name, whoDid(x), sessionOf(x), x.SourceIP, cut(x.UserAgent, mostShown), x.Error} {
		b = appendText(b, mend(text))
	}
	for _, path := range paths {
		if v := x.Record.Text(path); v != "" {
			b = appendText(appendText(b, mend(path)), mend(cut(v, mostResource)))
		}
	}
	d.scratch = b
	return b
}

// within is an alert of many events as that of this one: who did it, and from where. A
// call that a service makes on somebody's behalf comes from no place of its own.
func (c *carried) within(a finding.Alert) finding.Alert {
	a.Account, a.Region, a.Principal, a.Session = c.Account, c.Region, c.Principal, c.Session
	if _, err := netip.ParseAddr(c.SourceIP); err == nil {
		a.SourceIP = c.SourceIP
	}
	return a
}

func appendText(to []byte, text string) []byte {
	to = strconv.AppendInt(to, int64(len(text)), 10)
	to = append(to, ':')
	return append(to, text...)
}

// readCarried reads what reference wrote; of anything else it gives what can be read.
func readCarried(data string) (c carried) {
	next := func() (text string, ok bool) {
		length, rest, ok := strings.Cut(data, ":")
		n, err := strconv.Atoi(length)
		if !ok || err != nil || n < 0 || n > len(rest) {
			data = ""
			return "", false
		}
		data = rest[n:]
		return rest[:n], true
	}
	for _, to := range c.texts() {
		*to, _ = next()
	}
	for data != "" {
		path, _ := next()
		v, ok := next()
		if !ok {
			break
		}
		if c.Fields == nil {
			c.Fields = map[string]string{}
		}
		c.Fields[path] = v
	}
	return c
}
