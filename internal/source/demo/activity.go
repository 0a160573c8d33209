package demo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// LogFile is a log file as the organisation's trail delivers it.
type LogFile struct {
	Name      string // its key
	Delivered time.Time
	Data      []byte // gzip
}

// Attack is something that happened and should not have.
type Attack struct {
	Name    string
	Account string
	Events  map[string]bool // ids of its events
}

// Activity makes up what was done in the organisation in the days before the
// instant: pipelines, people, services and scanners at their work, and in it a few
// attacks, unless the options leave them out. It comes as the log files of the
// organisation's trail, in the order of delivery.
func Activity(o Options) ([]LogFile, []Attack) {
	o = o.withDefaults()
	d := &days{org: newOrganisation(o), Rand: rand.New(rand.NewPCG(o.Seed, 7)), options: o, files: map[fileKey][]event{}}
	d.start = o.At.UTC().Truncate(24*time.Hour).AddDate(0, 0, -activityDays)
	d.org.accounts = d.org.accounts[:min(len(d.org.accounts), busyAccounts)]
	for i := range d.org.accounts {
		if a := &d.org.accounts[i]; a.state == "ACTIVE" {
			d.normal(a)
		}
	}
	if !o.Peaceful {
		d.attacks()
	}
	return d.deliver(), d.happened
}

// activityDays is how many whole days the activity begins before that of the instant.
const activityDays = 3

// busyAccounts bounds the accounts whose activity is made up: a larger organisation
// has logs of the first ones only, and the review says so.
const busyAccounts = 60

// days makes up some days of activity.
type days struct {
	*rand.Rand
	org      *organisation
	options  Options
	start    time.Time
	files    map[fileKey][]event
	happened []Attack
	attack   *Attack // that is under way; nil in times of peace
}

// fileKey is the time and place that one log file is of.
type fileKey struct {
	account, region string
	slot            int64
}

// slot is the time that one file covers. CloudTrail writes every five minutes; longer
// ones keep the demo quick.
const slot = 4 * time.Hour

// event is a record in the order of fields in which CloudTrail writes them.
type event struct {
	Version    string         `json:"eventVersion"`
	Identity   map[string]any `json:"userIdentity"`
	Time       string         `json:"eventTime"`
	Source     string         `json:"eventSource"`
	Name       string         `json:"eventName"`
	Region     string         `json:"awsRegion"`
	Address    string         `json:"sourceIPAddress"`
	Agent      string         `json:"userAgent"`
	Error      string         `json:"errorCode,omitempty"`
	Message    string         `json:"errorMessage,omitempty"`
	Request    map[string]any `json:"requestParameters"`
	Response   map[string]any `json:"responseElements"`
	Additional map[string]any `json:"additionalEventData,omitempty"`
	RequestID  string         `json:"requestID"`
	ID         string         `json:"eventID"`
	ReadOnly   bool           `json:"readOnly"`
	Resources  []any          `json:"resources,omitempty"`
	Type       string         `json:"eventType"`
	Management bool           `json:"managementEvent"`
	Recipient  string         `json:"recipientAccountId"`
	Category   string         `json:"eventCategory"`
	at         time.Time
}

// actor is somebody who calls AWS: from where, with what.
type actor struct {
	identity map[string]any
	address  string
	agent    string
	service  bool // AWS itself
}

// call is one request, and what came of it.
type call struct {
	source, name string
	read         bool
	request      map[string]any
	response     map[string]any
	additional   map[string]any
	refused      string // error code
	typ          string // AwsApiCall where empty
}

// read is a request that changes nothing; do one that does.
func read(source, name string, request map[string]any) call {
	return call{source: source, name: name, read: true, request: request}
}

func do(source, name string, request, response map[string]any) call {
	return call{source: source, name: name, request: request, response: response}
}

// by records a call of an actor.
func (d *days) by(who actor, account, region string, at time.Time, c call) {
	if at.Before(d.start) || !at.Before(d.options.At) {
		return
	}
	e := event{
		Version: "1.11", Identity: who.identity, Time: at.UTC().Format(time.RFC3339), Source: c.source + ".amazonaws.com", Name: c.name, Region: region,
		Address: who.address, Agent: who.agent, Error: c.refused, Request: c.request, Response: c.response, Additional: c.additional,
		RequestID: d.uuid(), ID: d.uuid(), ReadOnly: c.read, Type: cmp.Or(c.typ, "AwsApiCall"), Management: true, Recipient: account, Category: "Management", at: at,
	}
	if c.refused != "" {
		e.Response = nil
		e.Message = fmt.Sprintf("%v is not authorized to perform: %s:%s", who.identity["arn"], c.source, c.name)
	}
	if d.attack != nil {
		d.attack.Events[e.ID] = true
	}
	key := fileKey{account, region, int64(at.Sub(d.start) / slot)}
	d.files[key] = append(d.files[key], e)
}

func (d *days) uuid() string {
	a, b := d.Uint64(), d.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// secret is n characters as ids and keys have them.
func (d *days) secret(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	var b strings.Builder
	for range n {
		b.WriteByte(letters[d.IntN(len(letters))])
	}
	return b.String()
}

// deliver writes the files down, each a few minutes after its last event.
func (d *days) deliver() []LogFile {
	var out []LogFile
	for key, events := range d.files {
		slices.SortStableFunc(events, func(a, b event) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.ID, b.ID)) })
		at := events[len(events)-1].at.Add(5 * time.Minute)
		sum := uint64(key.slot) + 1
		for _, c := range key.account + key.region {
			sum = sum*31 + uint64(c)
		}
		out = append(out, LogFile{
			Name:      fmt.Sprintf("AWSLogs/%s/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%016x.json.gz", d.org.id, key.account, key.region, at.Format("2006/01/02"), key.account, key.region, at.Format("20060102T1504Z"), sum),
			Delivered: at, Data: packed(events),
		})
	}
	slices.SortFunc(out, func(a, b LogFile) int {
		return cmp.Or(a.Delivered.Compare(b.Delivered), strings.Compare(a.Name, b.Name))
	})
	return out
}

// packed is the content of a log file.
func packed(events []event) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one that there is
	// What goes in are texts, numbers and Booleans, and a buffer takes them all.
	_ = json.NewEncoder(z).Encode(map[string]any{"Records": events})
	_ = z.Close()
	return b.Bytes()
}
