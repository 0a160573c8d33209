package analytic

import (
	_ "embed"
	"net/netip"
	"strings"
	"sync"
)

// ExampleWorld is the world in which the examples of detections happen. Its addresses
// are those set aside for documentation, so that nobody's are blamed:
//
//	198.51.100.0/25    Berlin, DE, AS64500   what example events come from
//	198.51.100.128/25  Potsdam, DE, AS64501  near Berlin, another network
//	203.0.113.0/26     New York, US, AS64502
//	203.0.113.64/26    Tokyo, JP, AS64503
//	203.0.113.128/25   AWS (EC2), of which 203.0.113.128/28 is our own egress
//	192.0.2.0/25       Paris, FR, AS64504
//	192.0.2.128/25     trusted: an office's VPN, which is in Sydney, AU
//	2001:db8:1::/48    Berlin, DE, AS64500
//	2001:db8:2::/48    New York, US, AS64502
//	2001:db8:3::/48    AWS (EC2)
//	2001:db8:4::/48    Hamburg, DE, AS64500  255 km from Berlin
//
// Our accounts are 111122223333 and 444455556666.
func ExampleWorld() World { return exampleWorld() }

//go:embed lists/example-places.csv
var examplePlaces string

const exampleRanges = `{"prefixes":[{"ip_prefix":"203.0.113.128/25","region":"eu-west-1","service":"AMAZON"},{"ip_prefix":"203.0.113.128/25","region":"eu-west-1","service":"EC2"}],
"ipv6_prefixes":[{"ipv6_prefix":"2001:db8:3::/48","region":"eu-west-1","service":"EC2"}]}`

var exampleWorld = sync.OnceValue(func() World {
	places, err := ReadPlaces(strings.NewReader(examplePlaces))
	services, err2 := ReadServices(strings.NewReader(exampleRanges))
	if err != nil || err2 != nil {
		return World{} // a test reads them
	}
	return World{
		Places: places, Services: services,
		Own:      []netip.Prefix{netip.MustParsePrefix("203.0.113.128/28")},
		Trusted:  []netip.Prefix{netip.MustParsePrefix("192.0.2.128/25")},
		Accounts: []string{"111122223333", "444455556666"},
	}
})
