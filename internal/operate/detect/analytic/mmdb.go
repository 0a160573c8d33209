package analytic

import (
	"fmt"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// mmdbRecord are the fields of a MaxMind DB that places are made of. Databases of
// cities and of networks (ASN) have one half each.
type mmdbRecord struct {
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	City struct {
		Names struct {
			English string `maxminddb:"en"`
		} `maxminddb:"names"`
	} `maxminddb:"city"`
	Location struct {
		Latitude  *float64 `maxminddb:"latitude"`
		Longitude *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
	ASN   uint32 `maxminddb:"autonomous_system_number"`
	Owner string `maxminddb:"autonomous_system_organization"`
}

// OpenPlaces looks addresses up in a MaxMind DB, which has to stay as it is as long as
// the function is used.
func OpenPlaces(data []byte) (func(netip.Addr) (Place, bool), error) {
	db, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("want a MaxMind DB (.mmdb): %w", err)
	}
	return func(ip netip.Addr) (Place, bool) {
		found := db.Lookup(ip)
		var r mmdbRecord
		if !found.Found() || found.Decode(&r) != nil {
			return Place{}, false
		}
		p := Place{Country: r.Country.Code, City: r.City.Names.English, ASN: r.ASN, Owner: r.Owner}
		if lat, lon := r.Location.Latitude, r.Location.Longitude; lat != nil && lon != nil && *lat >= -90 && *lat <= 90 && *lon >= -180 && *lon <= 180 {
			p.Latitude, p.Longitude, p.Located = *lat, *lon, true
		}
		return p, true
	}, nil
}

// Together asks several sources of places: each adds what those before it did not
// know. Nil ones are passed over; of none comes nil.
func Together(all ...func(netip.Addr) (Place, bool)) func(netip.Addr) (Place, bool) {
	var known []func(netip.Addr) (Place, bool)
	for _, f := range all {
		if f != nil {
			known = append(known, f)
		}
	}
	if len(known) <= 1 {
		for _, f := range known {
			return f
		}
		return nil
	}
	return func(ip netip.Addr) (p Place, ok bool) {
		for _, f := range known {
			q, found := f(ip)
			if !found {
				continue
			}
			ok = true
			p.add(q)
		}
		return p, ok
	}
}

func (p *Place) add(q Place) {
	if p.Country == "" && p.City == "" {
		p.Country, p.City = q.Country, q.City
	}
	if !p.Located {
		p.Latitude, p.Longitude, p.Located = q.Latitude, q.Longitude, q.Located
	}
	if p.ASN == 0 {
		p.ASN, p.Owner = q.ASN, q.Owner
	}
}
