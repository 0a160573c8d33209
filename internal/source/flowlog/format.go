package flowlog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Format says which field stands where.
type Format struct {
	columns []column
}

// column is a field that is read; passed is one that is not.
type column uint8

const (
	passed column = iota
	version
	account
	iface
	source
	target
	sourcePort
	targetPort
	protocol
	packets
	bytesSent
	start
	end
	action
	status
	vpc
	subnet
	instance
	tcpFlags
	packetSource
	packetTarget
	region
	direction
	columns
)

// fields are all fields of versions 2 to 10, by name; those that are passed over are
// here so that a header can be told from a record.
var fields = map[string]column{
	"version": version, "account-id": account, "interface-id": iface, "srcaddr": source, "dstaddr": target,
	"srcport": sourcePort, "dstport": targetPort, "protocol": protocol, "packets": packets, "bytes": bytesSent,
	"start": start, "end": end, "action": action, "log-status": status,
	"vpc-id": vpc, "subnet-id": subnet, "instance-id": instance, "tcp-flags": tcpFlags, "type": passed,
	"pkt-srcaddr": packetSource, "pkt-dstaddr": packetTarget,
	"region": region, "az-id": passed, "sublocation-type": passed, "sublocation-id": passed,
	"pkt-src-aws-service": passed, "pkt-dst-aws-service": passed, "flow-direction": direction, "traffic-path": passed,
	"ecs-cluster-arn": passed, "ecs-cluster-name": passed, "ecs-container-instance-arn": passed, "ecs-container-instance-id": passed,
	"ecs-container-id": passed, "ecs-second-container-id": passed, "ecs-service-name": passed, "ecs-task-definition-arn": passed,
	"ecs-task-arn": passed, "ecs-task-id": passed,
	"reject-reason": passed, "resource-id": passed, "encryption-status": passed,
}

// Default is the format of a flow log that was made without one, version 2.
var Default = func() *Format {
	f, err := ParseFormat("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status")
	if err != nil {
		panic(err) // the text above is a constant
	}
	return f
}()

// mostColumns is more than twice as many fields as there are.
const mostColumns = 128

var errTransit = errors.New("this is a flow log of a transit gateway, whose records name no interface and no verdict; only those of VPCs are read")

// ParseFormat reads a format as AWS takes it ("${version} ${account-id} …", LogFormat
// in describe-flow-logs), or the names alone as they stand in a header.
func ParseFormat(s string) (*Format, error) {
	names := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
	if len(names) == 0 {
		return nil, errors.New("a format names at least one field, such as ${srcaddr}")
	}
	for i, name := range names {
		if inner, ok := strings.CutPrefix(name, "${"); ok {
			names[i] = strings.TrimSuffix(inner, "}")
		}
		if _, known := fields[names[i]]; !known {
			return nil, fmt.Errorf("%q is not a field of a flow log, as ${srcaddr} or ${interface-id} are", name)
		}
	}
	return formatOf(names)
}

// formatOf is the format of names; unknown ones are fields that came later.
func formatOf(names []string) (*Format, error) {
	if len(names) > mostColumns {
		return nil, fmt.Errorf("%d fields are more than a flow log has", len(names))
	}
	f := &Format{columns: make([]column, len(names))}
	for i, name := range names {
		name = strings.ReplaceAll(name, "_", "-")
		if strings.HasPrefix(name, "tgw-") {
			return nil, errTransit
		}
		c := fields[name]
		if c != passed && slices.Contains(f.columns[:i], c) {
			return nil, fmt.Errorf("the field %q comes twice", name)
		}
		f.columns[i] = c
	}
	if !f.Has("srcaddr") && !f.Has("pkt-srcaddr") || !f.Has("dstaddr") && !f.Has("pkt-dstaddr") {
		return nil, errors.New("it has no srcaddr and dstaddr, so nothing can be said of who spoke with whom")
	}
	if !f.Has("start") && !f.Has("end") {
		return nil, errors.New("it has neither start nor end, so nothing can be said of when")
	}
	return f, nil
}

// Has tells whether a format has a field.
func (f *Format) Has(field string) bool { return slices.Contains(f.columns, fields[field]) }

// Missing are those of the given fields that a format lacks.
func (f *Format) Missing(fields ...string) []string {
	return slices.DeleteFunc(fields, f.Has)
}

// header reads the first line of a file, which is a header where it consists of names.
func header(line []byte) (*Format, bool, error) {
	known := 0
	names := strings.Fields(string(line[:min(len(line), 8<<10)]))
	for _, name := range names {
		if strings.IndexFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' }) >= 0 || name[0] < 'a' {
			return nil, false, nil
		}
		if _, ok := fields[strings.ReplaceAll(name, "_", "-")]; ok || strings.HasPrefix(name, "tgw-") {
			known++
		}
	}
	if known < 3 {
		return nil, false, nil
	}
	f, err := formatOf(names)
	return f, true, err
}

// count is how many fields a row has.
func count(line []byte) int { return len(bytes.Fields(line)) }

// String is a column's name in the format.
func (c column) String() string {
	for name, is := range fields {
		if is == c && c != passed {
			return name
		}
	}
	return "field"
}
