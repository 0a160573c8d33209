// Package flowtest makes VPC flow logs of a day on which nothing happens but work: web
// servers behind a load balancer and open to the Internet, databases, calls to other
// services, names and time, administrators now and then, and the scanners of the Internet
// at the door. The same seed gives the same log. Tests and measurements use it.
package flowtest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// Default and Long are headers: that of the default format, and that of a format with
// what detections like to have.
const (
	Default = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	Long    = Default + " vpc-id instance-id tcp-flags pkt-srcaddr pkt-dstaddr region flow-direction"
)

// Log is a log that is being made.
type Log struct {
	Rows   int           // in all
	Span   time.Duration // over which they are spread evenly; 0 is a day
	Start  time.Time
	Hosts  int // 0 is 40
	Long   bool
	Seed   uint64
	random *rand.Rand
	out    *bufio.Writer
	line   []byte
}

// host is one of ours.
type host struct {
	ip, eni, id string
	role        int
}

const (
	web = iota
	app
	database
	public
	roles
)

func (l *Log) host(i int) host {
	return host{fmt.Sprintf("10.0.%d.%d", 1+i/200, 10+i%200), fmt.Sprintf("eni-%017x", i+1), fmt.Sprintf("i-%017x", i+1), i % roles}
}

// WriteTo writes the log, with its header.
func (l *Log) WriteTo(w io.Writer) (int64, error) {
	l.random = rand.New(rand.NewPCG(l.Seed, 7))
	l.out = bufio.NewWriterSize(w, 64<<10)
	if l.Hosts == 0 {
		l.Hosts = 40
	}
	if l.Span == 0 {
		l.Span = 24 * time.Hour
	}
	header := Default
	if l.Long {
		header = Long
	}
	fmt.Fprintln(l.out, header)
	for n := 0; n < l.Rows; {
		at := l.Start.Add(time.Duration(float64(l.Span) * float64(n) / float64(l.Rows)))
		n += l.talk(at.Unix()-int64(l.random.IntN(120)), l.host(l.random.IntN(l.Hosts)))
	}
	return 0, l.out.Flush()
}

// talk writes one conversation, as both of its directions are logged.
func (l *Log) talk(at int64, h host) int {
	r := l.random
	client := 32768 + r.IntN(28000)
	packets := 8 + r.IntN(60)
	switch dice := r.IntN(100); {
	case dice < 4: // a scanner at the door
		l.row(h, at, fmt.Sprintf("198.51.%d.%d", r.IntN(100), r.IntN(250)), h.ip, client, []int{22, 23, 80, 445, 3389, 8080, 9200, 6379}[r.IntN(8)], 6, 1, 44, "REJECT", 2, "ingress")
		return 1
	case dice < 6: // time
		return l.both(h, at, h.ip, "169.254.169.123", client, 123, 17, 1, "egress")
	case dice < 16: // names
		return l.both(h, at, h.ip, "10.0.0.2", client, 53, 17, 1+r.IntN(2), "egress")
	case dice < 40: // other services on the Internet
		return l.both(h, at, h.ip, fmt.Sprintf("203.0.113.%d", r.IntN(200)), client, 443, 6, packets, "egress")
	}
	switch h.role {
	case web:
		return l.both(h, at, fmt.Sprintf("10.0.0.%d", 100+r.IntN(4)), h.ip, client, 8080, 6, packets, "ingress")
	case app:
		return l.both(h, at, h.ip, l.host(database).ip, client, 5432, 6, packets, "egress")
	case database:
		return l.both(h, at, l.host(app).ip, h.ip, client, 5432, 6, packets, "ingress")
	}
	if r.IntN(200) == 0 { // an administrator
		return l.both(h, at, "10.0.0.50", h.ip, client, 22, 6, 300+packets, "ingress")
	}
	// Many of the visitors share an address, as offices do.
	visitor := fmt.Sprintf("198.51.100.%d", 100+r.IntN(30))
	return l.both(h, at, visitor, h.ip, client, 443, 6, packets, "ingress")
}

func (l *Log) both(h host, at int64, from, to string, fromPort, toPort, protocol, packets int, direction string) int {
	asks, answers := 3, 19 // SYN and FIN, and SYN, ACK and FIN
	if protocol != 6 {
		asks, answers = 0, 0
	}
	back := map[string]string{"ingress": "egress", "egress": "ingress"}[direction]
	l.row(h, at, from, to, fromPort, toPort, protocol, packets, packets*90, "ACCEPT", asks, direction)
	l.row(h, at, to, from, toPort, fromPort, protocol, packets, packets*600, "ACCEPT", answers, back)
	return 2
}

func (l *Log) row(h host, at int64, from, to string, fromPort, toPort, protocol, packets, bytes int, action string, flags int, direction string) {
	b := l.line[:0]
	text := func(s string) { b = append(append(b, s...), ' ') }
	number := func(n int64) { b = append(strconv.AppendInt(b, n, 10), ' ') }
	text("2 111122223333")
	text(h.eni)
	text(from)
	text(to)
	number(int64(fromPort))
	number(int64(toPort))
	number(int64(protocol))
	number(int64(packets))
	number(int64(bytes))
	number(at)
	number(at + int64(1+l.random.IntN(58)))
	text(action)
	b = append(b, "OK"...)
	if l.Long {
		b = append(b, " vpc-0a1b2c "...)
		text(h.id)
		number(int64(flags))
		text(from)
		text(to)
		text("eu-west-1")
		b = append(b, direction...)
	}
	l.line = append(b, '\n')
	l.out.Write(l.line) // a failure comes out of Flush
}
