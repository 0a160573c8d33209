package analytic

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// What users know of the world comes in files; these read them. Each refuses what it
// does not understand, with its line, rather than knowing half.

const (
	mostNetworks = 8_000_000 // of a file with places
	mostLine     = 1 << 20
	mostFile     = 64 << 20
)

// parseNetwork reads a network, or an address as the network of itself.
func parseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address and no network such as 192.0.2.0/24", text)
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q: write IPv4 networks as such", text)
	}
	return p.Masked(), nil
}

// ReadPlaces reads a table of where addresses are, as CSV. Its first line names the
// columns: network, and any of country, city, asn, owner, latitude, longitude, in any
// order; others are passed over.
func ReadPlaces(r io.Reader) (func(netip.Addr) (Place, bool), error) {
	table := csv.NewReader(bufio.NewReaderSize(r, 1<<16))
	table.ReuseRecord = true
	head, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the names of the columns: %w", err)
	}
	columns := map[string]int{}
	for i, name := range head {
		columns[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	if _, ok := columns["network"]; !ok {
		return nil, fmt.Errorf("line 1: there is no column network; the columns are network, country, city, asn, owner, latitude, longitude")
	}
	var all []network[Place]
	texts := map[string]string{}
	for {
		fields, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := table.FieldPos(0)
		n, err := placeOf(columns, fields, texts)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if all = append(all, n); len(all) > mostNetworks {
			return nil, fmt.Errorf("line %d: more than %d networks", line, mostNetworks)
		}
	}
	return newRanges(all).lookUp, nil
}

// placeOf reads one line of the table; texts keeps one copy of those that come again.
func placeOf(columns map[string]int, fields []string, texts map[string]string) (n network[Place], err error) {
	field := func(name string) string {
		i, ok := columns[name]
		if !ok {
			return ""
		}
		text := strings.TrimSpace(fields[i])
		kept, ok := texts[text]
		if !ok {
			kept = strings.Clone(text)
			texts[kept] = kept
		}
		return kept
	}
	if n.prefix, err = parseNetwork(strings.TrimSpace(fields[columns["network"]])); err != nil {
		return n, err
	}
	n.of = Place{Country: strings.ToUpper(field("country")), City: field("city"), Owner: field("owner")}
	if asn := strings.TrimPrefix(strings.ToUpper(field("asn")), "AS"); asn != "" {
		number, err := strconv.ParseUint(asn, 10, 32)
		if err != nil {
			return n, fmt.Errorf("asn %q is no number such as 64500", asn)
		}
		n.of.ASN = uint32(number)
	}
	lat, lon := field("latitude"), field("longitude")
	if lat == "" && lon == "" {
		return n, nil
	}
	var errLat, errLon error
	n.of.Latitude, errLat = strconv.ParseFloat(lat, 64)
	n.of.Longitude, errLon = strconv.ParseFloat(lon, 64)
	if errLat != nil || errLon != nil || !(n.of.Latitude >= -90 && n.of.Latitude <= 90) || !(n.of.Longitude >= -180 && n.of.Longitude <= 180) {
		return n, fmt.Errorf("latitude %q and longitude %q are no place on earth", lat, lon)
	}
	n.of.Located = true
	return n, nil
}

// ReadServices reads AWS's list of its own addresses, ip-ranges.json.
func ReadServices(r io.Reader) (func(netip.Addr) (string, bool), error) {
	data, err := io.ReadAll(io.LimitReader(r, mostFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading address ranges: %w", err)
	}
	if len(data) > mostFile {
		return nil, fmt.Errorf("the address ranges have more than %d MiB", mostFile>>20)
	}
	var file struct {
		Prefixes []struct {
			Prefix  string `json:"ip_prefix"`
			Service string `json:"service"`
		} `json:"prefixes"`
		Prefixes6 []struct {
			Prefix  string `json:"ipv6_prefix"`
			Service string `json:"service"`
		} `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("address ranges: want AWS's ip-ranges.json: %w", err)
	}
	var all []network[string]
	add := func(prefix, service string) error {
		p, err := parseNetwork(prefix)
		if err != nil {
			return fmt.Errorf("address ranges: %w", err)
		}
		all = append(all, network[string]{p, service})
		return nil
	}
	for _, p := range file.Prefixes {
		if err := add(p.Prefix, p.Service); err != nil {
			return nil, err
		}
	}
	for _, p := range file.Prefixes6 {
		if err := add(p.Prefix, p.Service); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("address ranges: there are no prefixes; want AWS's ip-ranges.json")
	}
	// A network stands there once as AMAZON's and once for the service: the latter says more.
	slices.SortStableFunc(all, func(a, b network[string]) int { return rank(a.of) - rank(b.of) })
	return newRanges(all).lookUp, nil
}

func rank(service string) int {
	switch service {
	case "AMAZON":
		return 0
	case "EC2":
		return 2
	}
	return 1
}
