package flowlog

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Row is what a row says.
type Row uint8

const (
	// Recorded is a flow.
	Recorded Row = iota
	// NoData says that there was no traffic.
	NoData
	// SkipData says that flows were lost, through a fault or for want of room.
	SkipData
)

// Parser reads rows of one format. It keeps one copy of texts that come again and
// again, and belongs to one goroutine.
type Parser struct {
	Format *Format // nil is Default
	kept   texts
}

// Parse reads one row into a flow, whose File, Row, and account and Region where the
// row has none, are the caller's to set.
func (p *Parser) Parse(line []byte, f *evidence.Flow) (Row, error) {
	format := p.Format
	if format == nil {
		format = Default
	}
	*f = evidence.Flow{}
	row, rest := Recorded, line
	for i, c := range format.columns {
		var value []byte
		if value, rest = next(rest); value == nil {
			return 0, fmt.Errorf("the row has %d fields and its format %d%s", i, len(format.columns), p.hint())
		}
		if c == passed || len(value) == 1 && value[0] == '-' {
			continue
		}
		if c == status {
			switch string(value) {
			case "NODATA":
				row = NoData
			case "SKIPDATA":
				row = SkipData
			case "OK":
			default:
				return 0, fmt.Errorf("log-status %q is none of OK, NODATA, SKIPDATA%s", short(value), p.hint())
			}
			continue
		}
		if err := p.set(f, c, value); err != nil {
			return 0, err
		}
	}
	if more, _ := next(rest); more != nil {
		return 0, fmt.Errorf("the row has %d fields and its format %d%s", count(line), len(format.columns), p.hint())
	}
	return row, finish(f, row)
}

func (p *Parser) hint() string {
	if p.Format == nil || p.Format == Default {
		return "; where the log has a format of its own, and no header, give it with --format"
	}
	return ""
}

// next takes a field off a row; nil is the end.
func next(line []byte) (value, rest []byte) {
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil, nil
	}
	// Most fields are short: a loop finds their end sooner than a search that first
	// has to set itself up.
	for i, c := range line {
		if c == ' ' || c == '\t' {
			return line[:i], line[i+1:]
		}
	}
	return line, nil
}

// set puts the value of one field into the flow.
func (p *Parser) set(f *evidence.Flow, c column, v []byte) (err error) {
	var n uint64
	switch c {
	case account:
		f.Account = p.kept.text(c, v)
	case iface:
		f.Interface = p.kept.text(c, v)
	case vpc:
		f.VPC = p.kept.text(c, v)
	case subnet:
		f.Subnet = p.kept.text(c, v)
	case instance:
		f.Instance = p.kept.text(c, v)
	case region:
		f.Region = p.kept.text(c, v)
	case source:
		f.Source, err = address(v)
	case target:
		f.Target, err = address(v)
	case packetSource:
		f.PacketSource, err = address(v)
	case packetTarget:
		f.PacketTarget, err = address(v)
	case sourcePort:
		n, err = number(v, 1<<16-1)
		f.SourcePort = uint16(n)
	case targetPort:
		n, err = number(v, 1<<16-1)
		f.TargetPort = uint16(n)
	case protocol:
		n, err = number(v, 255)
		f.Protocol = uint8(n)
	case tcpFlags:
		n, err = number(v, 255)
		f.TCPFlags = uint8(n)
	case packets:
		f.Packets, err = number(v, 1<<62)
	case bytesSent:
		f.Bytes, err = number(v, 1<<62)
	case start:
		n, err = number(v, latestTime)
		f.Start = time.Unix(int64(n), 0).UTC()
	case end:
		n, err = number(v, latestTime)
		f.End = time.Unix(int64(n), 0).UTC()
	case action:
		switch string(v) {
		case "ACCEPT":
			f.Accepted = true
		case "REJECT":
		default:
			err = errors.New("neither ACCEPT nor REJECT")
		}
	case direction:
		switch string(v) {
		case "ingress":
			f.Direction = "ingress"
		case "egress":
			f.Direction = "egress"
		default:
			err = errors.New("neither ingress nor egress")
		}
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", c, short(v), err)
	}
	return nil
}

// finish makes a flow whole out of what the row had.
func finish(f *evidence.Flow, row Row) error {
	switch {
	case f.Start.IsZero():
		f.Start = f.End
	case f.End.IsZero() || f.End.Before(f.Start):
		f.End = f.Start
	}
	if row != Recorded {
		return nil
	}
	fill(&f.Source, &f.PacketSource)
	fill(&f.Target, &f.PacketTarget)
	switch {
	case !f.Source.IsValid() || !f.Target.IsValid():
		return errors.New("a recorded flow without addresses")
	case f.Start.IsZero():
		return errors.New("a recorded flow without a time")
	}
	return nil
}

// fill gives either address the other's value where the row has but one.
func fill(a, packet *netip.Addr) {
	if !packet.IsValid() {
		*packet = *a
	}
	if !a.IsValid() {
		*a = *packet
	}
}

// latestTime is the year 5138: seconds, not milliseconds.
const latestTime = 99_999_999_999

var errNumber = errors.New("not a whole number in its range")

func number(v []byte, most uint64) (n uint64, err error) {
	if len(v) == 0 || len(v) > 19 {
		return 0, errNumber
	}
	for _, c := range v {
		if c -= '0'; c > 9 {
			return 0, errNumber
		} else {
			n = n*10 + uint64(c)
		}
	}
	if n > most {
		return 0, errNumber
	}
	return n, nil
}

// address reads an address; the usual form without the detour through a string.
func address(v []byte) (netip.Addr, error) {
	var four [4]byte
	part, digits, n := 0, 0, 0
	for _, c := range v {
		switch {
		case c == '.' && digits > 0 && part < 3:
			four[part] = byte(n)
			part, digits, n = part+1, 0, 0
		case c >= '0' && c <= '9' && digits < 3 && (digits == 0 || n > 0):
			if n, digits = n*10+int(c-'0'), digits+1; n > 255 {
				return netip.Addr{}, errAddress
			}
		default:
			return address6(v)
		}
	}
	if part != 3 || digits == 0 {
		return netip.Addr{}, errAddress
	}
	four[3] = byte(n)
	return netip.AddrFrom4(four), nil
}

var errAddress = errors.New("not an IP address")

func address6(v []byte) (netip.Addr, error) {
	a, err := netip.ParseAddr(string(v))
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, errAddress
	}
	return a.Unmap(), nil
}

// short is as much of a value as an error shows.
func short(v []byte) []byte { return v[:min(len(v), 40)] }

// texts keeps one copy of each text: files name few accounts and interfaces, in
// millions of rows.
type texts struct {
	last [columns]string
	all  map[string]string
}

// mostTexts bounds what hostile files make it keep; then it begins anew.
const mostTexts = 1 << 16

func (t *texts) text(c column, v []byte) string {
	if t.last[c] == string(v) {
		return t.last[c]
	}
	s, ok := t.all[string(v)]
	if !ok {
		if t.all == nil || len(t.all) >= mostTexts {
			t.all = map[string]string{}
		}
		s = string(bytes.Clone(v[:min(len(v), mostText)]))
		t.all[s] = s
	}
	t.last[c] = s
	return s
}

// mostText is longer than any identifier.
const mostText = 256
