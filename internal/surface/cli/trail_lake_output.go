package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// eventReport prints events as they are found.
type eventReport interface {
	event(e *evidence.Event, direction string) error
	end() error
}

func eventReportOf(format string, w io.Writer) eventReport {
	switch format {
	case "jsonl":
		return &eventLines{json: json.NewEncoder(w)}
	case "json":
		return &eventList{out: w}
	case "raw":
		return &eventRaw{out: w}
	}
	return &eventTable{table: tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)}
}

// eventJSON is an event in JSON Lines.
type eventJSON struct {
	EventID   string   `json:"event_id"`
	Time      string   `json:"time"`
	Account   string   `json:"account"`
	Region    string   `json:"region"`
	Service   string   `json:"service"`
	Name      string   `json:"name"`
	Principal string   `json:"principal"`
	SourceIP  string   `json:"source_ip"`
	UserAgent string   `json:"user_agent,omitempty"`
	Error     string   `json:"error,omitempty"`
	ReadOnly  bool     `json:"read_only"`
	Resources []string `json:"resources,omitempty"`
	Direction string   `json:"direction,omitempty"`
}

func eventJSONOf(e *evidence.Event, direction string) eventJSON {
	at := ""
	if !e.Time.IsZero() {
		at = e.Time.UTC().Format(time.RFC3339Nano)
	}
	return eventJSON{e.ID, at, e.Account, e.Region, e.Service, e.Name, e.Principal, e.SourceIP, e.UserAgent, e.Error, e.ReadOnly, e.Resources, direction}
}

type eventLines struct{ json *json.Encoder }

func (l *eventLines) event(e *evidence.Event, direction string) error {
	l.json.SetEscapeHTML(false)
	return l.json.Encode(eventJSONOf(e, direction))
}
func (l *eventLines) end() error { return nil }

// eventList is a JSON array that is written as it grows.
type eventList struct {
	out io.Writer
	n   int
}

func (l *eventList) event(e *evidence.Event, direction string) error {
	text, err := json.Marshal(eventJSONOf(e, direction))
	if err != nil {
		return err
	}
	before := ",\n  "
	if l.n == 0 {
		before = "[\n  "
	}
	l.n++
	_, err = fmt.Fprintf(l.out, "%s%s", before, text)
	return err
}

func (l *eventList) end() error {
	text := "\n]\n"
	if l.n == 0 {
		text = "[]\n"
	}
	_, err := io.WriteString(l.out, text)
	return err
}

// eventRaw prints the records themselves, one in each line.
type eventRaw struct{ out io.Writer }

func (r *eventRaw) event(e *evidence.Event, _ string) error {
	var line bytes.Buffer
	if json.Compact(&line, e.Raw) != nil { // a record is JSON, or it would not be in the lake
		line.Reset()
		line.Write(e.Raw)
	}
	line.WriteByte('\n')
	_, err := r.out.Write(line.Bytes())
	return err
}
func (r *eventRaw) end() error { return nil }

type eventTable struct {
	table *tabwriter.Writer
	n     int
}

// tableBlock is how many lines are lined up together, so that memory is bounded and the
// first ones come early.
const tableBlock = 1000

func (t *eventTable) event(e *evidence.Event, direction string) error {
	if t.n == 0 {
		head := "TIME\tACCOUNT\tREGION\tPRINCIPAL\tACTION\tFROM\tERROR\tRESOURCE"
		if direction != "" {
			head = "TIME\tDIRECTION\tACCOUNT\tREGION\tPRINCIPAL\tACTION\tFROM\tERROR\tRESOURCE"
		}
		fmt.Fprintln(t.table, head)
	}
	t.n++
	at := ""
	if !e.Time.IsZero() {
		at = e.Time.UTC().Format("2006-01-02 15:04:05")
	}
	cells := []string{at}
	if direction != "" {
		cells = append(cells, direction)
	}
	service, _, _ := strings.Cut(e.Service, ".")
	resource := ""
	if len(e.Resources) > 0 {
		resource = e.Resources[0]
		if n := len(e.Resources) - 1; n > 0 {
			resource += fmt.Sprintf(" and %d more", n)
		}
	}
	cells = append(cells, e.Account, e.Region, cut(shortPrincipal(e.Principal), 60), cut(service+":"+e.Name, 60), cut(e.SourceIP, 40), cut(e.Error, 40), cut(resource, 80))
	for i := range cells {
		cells[i] = oneLine(cells[i])
	}
	_, err := fmt.Fprintln(t.table, strings.Join(cells, "\t"))
	if err == nil && t.n%tableBlock == 0 {
		err = t.table.Flush()
	}
	return err
}

func (t *eventTable) end() error { return t.table.Flush() }

// shortPrincipal is the part of an ARN behind the account, which has a column of its own.
func shortPrincipal(arn string) string {
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		return part[5]
	}
	return arn
}
