package detect

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/network"
)

// tryTraffic gives the alerts of one example of a detection of flows or lookups.
func tryTraffic(x *Detection, example *Example, o Options) (alerts []finding.Alert, err error) {
	d, err := NewTraffic([]Detection{*x}, Options{Log: x.Log(), Attack: o.Attack}, exampleThreats())
	if err != nil {
		return nil, err
	}
	keep := func(a finding.Alert) error { alerts = append(alerts, a); return nil }
	row := int64(0)
	for at, event := range example.Sequence(x.Log()) {
		row++
		if x.Log() == Flows {
			f, err := flowOf(event, at)
			if err != nil {
				return nil, err
			}
			f.File, f.Row = "example", row
			err = d.Flow(&f, keep)
			if err != nil {
				return nil, err
			}
			continue
		}
		l, err := lookupOf(event, at)
		if err != nil {
			return nil, err
		}
		l.File, l.Row = "example", row
		if err := d.Lookup(&l, keep); err != nil {
			return nil, err
		}
	}
	return alerts, d.Flush(keep)
}

// exampleThreats are the lists that examples meet: for each category an address and a
// domain below c2.example.net, tor.example.net and so on; the addresses are 203.0.113.10
// for c2, .20 for tor, .30 for mining, .40 for blackhole, .50 for drop-point, .60 for
// scanner, .70 for phishing and .80 for malicious.
func exampleThreats() *network.Threats {
	var entries []network.Entry
	for i, c := range network.Categories {
		a := netip.AddrFrom4([4]byte{203, 0, 113, byte(10 * (i + 1))})
		entries = append(entries, network.Entry{Range: netip.PrefixFrom(a, 32), Category: c},
			network.Entry{Domain: string(c) + ".example.net", Category: c})
	}
	return network.NewThreats(entries, nil)
}

// flowOf reads a flow out of fields as AWS names them, laid over a plain flow: an
// accepted conversation of ours with a server on the Internet over TCP, as version 5
// logs it. null takes a field away.
func flowOf(fields map[string]any, at time.Time) (f evidence.Flow, err error) {
	base := map[string]any{
		"account-id": "111122223333", "region": "eu-west-1", "vpc-id": "vpc-0example", "instance-id": "i-0example", "interface-id": "eni-0example",
		"srcaddr": "10.0.0.5", "dstaddr": "198.51.100.7", "srcport": 49152, "dstport": 443, "protocol": 6, "packets": 20, "bytes": 4000,
		"action": "ACCEPT", "flow-direction": "egress",
	}
	for name, v := range fields {
		base[name] = v
	}
	f.Start, f.End = at, at.Add(59*time.Second)
	for _, name := range sortedKeys(base) { // so that of several faults always the same is told
		v := base[name]
		if v == nil {
			continue
		}
		if err := setFlow(&f, name, strings.TrimSpace(fmt.Sprint(v))); err != nil {
			return f, fmt.Errorf("%s %q: %w", name, fmt.Sprint(v), err)
		}
	}
	if !f.PacketSource.IsValid() {
		f.PacketSource = f.Source
	}
	if !f.PacketTarget.IsValid() {
		f.PacketTarget = f.Target
	}
	if !f.Source.IsValid() || !f.Target.IsValid() {
		return f, fmt.Errorf("a flow has srcaddr and dstaddr")
	}
	return f, nil
}

func setFlow(f *evidence.Flow, name, v string) (err error) {
	number := func(bits int) uint64 {
		n, fault := strconv.ParseUint(v, 10, bits)
		if fault != nil {
			err = fmt.Errorf("no number in its range")
		}
		return n
	}
	address := func() netip.Addr {
		a, fault := netip.ParseAddr(v)
		if fault != nil {
			err = fmt.Errorf("no IP address")
		}
		return a
	}
	switch name {
	case "account-id":
		f.Account = v
	case "region":
		f.Region = v
	case "vpc-id":
		f.VPC = v
	case "subnet-id":
		f.Subnet = v
	case "instance-id":
		f.Instance = v
	case "interface-id":
		f.Interface = v
	case "flow-direction":
		f.Direction = v
	case "action":
		f.Accepted = v == "ACCEPT"
	case "srcaddr":
		f.Source = address()
	case "dstaddr":
		f.Target = address()
	case "pkt-srcaddr":
		f.PacketSource = address()
	case "pkt-dstaddr":
		f.PacketTarget = address()
	case "srcport":
		f.SourcePort = uint16(number(16))
	case "dstport":
		f.TargetPort = uint16(number(16))
	case "protocol":
		f.Protocol = uint8(number(8))
	case "tcp-flags":
		f.TCPFlags = uint8(number(8))
	case "packets":
		f.Packets = number(63)
	case "bytes":
		f.Bytes = number(63)
	default:
		err = fmt.Errorf("no field of an example of a flow")
	}
	return err
}

// lookupOf reads a lookup out of fields as Resolver names them, laid over a plain one.
func lookupOf(fields map[string]any, at time.Time) (l evidence.Lookup, err error) {
	base := map[string]any{
		"account_id": "111122223333", "region": "eu-west-1", "vpc_id": "vpc-0example", "query_name": "www.example.com.", "query_type": "A", "rcode": "NOERROR",
		"srcaddr": "10.0.0.5", "srcids": map[string]any{"instance": "i-0example"},
	}
	for name, v := range fields {
		base[name] = v
	}
	l.Time = at
	for _, name := range sortedKeys(base) {
		v := base[name]
		if v == nil {
			continue
		}
		text := fmt.Sprint(v)
		switch name {
		case "account_id":
			l.Account = text
		case "region":
			l.Region = text
		case "vpc_id":
			l.VPC = text
		case "query_name":
			l.Name = strings.ToLower(strings.TrimSuffix(text, "."))
		case "query_type":
			l.Type = text
		case "rcode":
			l.Code = text
		case "firewall_rule_action":
			l.Firewall = text
		case "srcaddr":
			if l.Source, err = netip.ParseAddr(text); err != nil {
				return l, fmt.Errorf("srcaddr %q: no IP address", text)
			}
		case "srcids":
			if ids, ok := v.(map[string]any); ok {
				l.Instance, _ = ids["instance"].(string)
			}
		case "answers":
			list, _ := v.([]any)
			for _, one := range list {
				answer, _ := one.(map[string]any)
				l.Answers = append(l.Answers, fmt.Sprint(answer["Rdata"]))
			}
		default:
			return l, fmt.Errorf("%s: no field of an example of a lookup", name)
		}
	}
	return l, nil
}
