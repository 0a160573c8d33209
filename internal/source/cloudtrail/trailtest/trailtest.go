// Package trailtest makes CloudTrail log files for tests and measurements: the same
// seed gives the same bytes. The records have the members, sizes and mix of those
// that CloudTrail writes for an account with some applications, a pipeline, people
// and AWS's own services in it: mostly reads by roles, some data events, few changes
// and some refusals. Every value is made up.
package trailtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Maker makes records, one after the other in time.
type Maker struct {
	r    *rand.Rand
	at   time.Time
	step time.Duration
	n    int
	b    []byte
}

// Begin is when the first record happens.
var Begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// New makes records of one day, so many in all, and goes on at that pace.
func New(seed uint64, day int) *Maker {
	return &Maker{r: rand.New(rand.NewPCG(seed, 17)), at: Begin, step: 24 * time.Hour / time.Duration(max(1, day))}
}

// Accounts and Regions in which things happen.
var (
	Accounts = []string{"111122223333", "222233334444", "333344445555", "444455556666"}
	Regions  = []string{"eu-west-1", "eu-central-1", "us-east-1"}
)

// Record makes the next record. It is valid until the next call.
func (m *Maker) Record() []byte {
	m.n++
	m.at = m.at.Add(m.step)
	c := &calls[m.pick()]
	m.b = m.b[:0]
	account, region := Accounts[m.r.IntN(len(Accounts))], Regions[m.r.IntN(len(Regions))]
	m.add(`{"eventVersion":"1.11","userIdentity":`)
	who := m.identity(c, account)
	m.add(`,"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":%q,"userAgent":%q`,
		m.at.Format("2006-01-02T15:04:05Z"), c.service, c.name, region, who.ip, who.agent)
	if m.r.IntN(1000) < c.refused {
		m.add(`,"errorCode":"AccessDenied","errorMessage":"User: %s is not authorized to perform: %s:%s because no identity-based policy allows the %s:%s action"`,
			who.arn, c.service, c.name, c.service, c.name)
		m.add(`,"requestParameters":null,"responseElements":null`)
	} else {
		c.parameters(m, account, region)
	}
	m.add(`,"requestID":"%s","eventID":"%s","readOnly":%t`, m.uuid(), m.uuid(), c.read)
	if c.resources != nil {
		c.resources(m, account, region)
	}
	m.add(`,"eventType":"AwsApiCall","managementEvent":%t,"recipientAccountId":"%s"`, !c.data, account)
	if who.service {
		m.add(`,"sharedEventID":"%s"`, m.uuid())
	}
	category := "Management"
	if c.data {
		category = "Data"
	}
	m.add(`,"eventCategory":"%s"`, category)
	if !who.service {
		m.add(`,"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.%s.amazonaws.com"}`, c.service, region)
	}
	m.add(`}`)
	return m.b
}

// File makes a log file of so many records, not compressed.
func (m *Maker) File(records int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range records {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(m.Record())
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// Gzip compresses as CloudTrail does.
func Gzip(content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // into memory
	_ = z.Close()
	return b.Bytes()
}

// Key is where CloudTrail would lay the file down that is delivered now.
func (m *Maker) Key() string {
	account, region := Accounts[m.n%len(Accounts)], Regions[m.n%len(Regions)]
	at := m.at.Add(5 * time.Minute)
	return fmt.Sprintf("AWSLogs/o-exampleorg/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%016X.json.gz",
		account, region, at.Format("2006/01/02"), account, region, at.Format("20060102T1504Z"), m.r.Uint64())
}

// Write lays files below a folder until there are so many records, and gives their
// names and the bytes in all before compression.
func (m *Maker) Write(dir string, records, each int) (names []string, size int64, err error) {
	for done := 0; done < records; done += each {
		content := m.File(min(each, records-done))
		name := filepath.Join(dir, filepath.FromSlash(m.Key()))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, 0, err
		}
		if err := os.WriteFile(name, Gzip(content), 0o644); err != nil {
			return nil, 0, err
		}
		names, size = append(names, name), size+int64(len(content))
	}
	return names, size, nil
}

func (m *Maker) add(format string, args ...any) {
	m.b = fmt.Appendf(m.b, format, args...)
}

func (m *Maker) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", m.r.Uint32(), m.r.Uint32()&0xffff, m.r.Uint32()&0xfff, m.r.Uint32()&0xfff, m.r.Uint64()&(1<<48-1))
}

// pick chooses a call by its weight.
func (m *Maker) pick() int {
	n := m.r.IntN(weights)
	for i := range calls {
		if n -= calls[i].weight; n < 0 {
			return i
		}
	}
	return 0
}
