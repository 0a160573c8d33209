package analytic

import (
	"bytes"
	"math"
	"net/netip"
	"strings"
	"testing"
)

func TestReadPlaces(t *testing.T) {
	where, err := ReadPlaces(strings.NewReader("\ufeffLatitude,network,Country,asn,longitude,other\n52.5,198.51.100.0/24,de,AS64500,13.4,x\n,198.51.100.128/25,fr,,,\n,2001:db8::/32,us,64501,,\n,192.0.2.1,,7,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]Place{
		"198.51.100.1":        {Country: "DE", ASN: 64500, Latitude: 52.5, Longitude: 13.4, Located: true},
		"198.51.100.200":      {Country: "FR"},
		"::ffff:198.51.100.1": {Country: "DE", ASN: 64500, Latitude: 52.5, Longitude: 13.4, Located: true},
		"2001:db8::1":         {Country: "US", ASN: 64501},
		"192.0.2.1":           {ASN: 7},
	} {
		if got, ok := where(netip.MustParseAddr(ip)); !ok || got != want {
			t.Errorf("%s: %+v %v, want %+v", ip, got, ok, want)
		}
	}
	if _, ok := where(netip.MustParseAddr("192.0.2.2")); ok {
		t.Error("192.0.2.2 is in no network of the table")
	}
}

func TestReadPlacesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "names of the columns",
		"country\nde\n":                     "no column network",
		"network,country\n300.1.2.3/8,de\n": "line 2",
		"network,asn\n1.2.3.0/24,twelve\n":  `"TWELVE" is no number`,
		"network,latitude\n1.2.3.0/24,52\n": "no place on earth",
		"network,latitude,longitude\n1.2.3.0/24,91,0\n":  "no place on earth",
		"network,latitude,longitude\n1.2.3.0/24,NaN,0\n": "no place on earth",
		"network,country\n1.2.3.0/24\n":                  "wrong number of fields",
		"network\n::ffff:1.2.3.0/120\n":                  "write IPv4 networks as such",
	} {
		if _, err := ReadPlaces(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestReadServices(t *testing.T) {
	services, err := ReadServices(strings.NewReader(`{"syncToken":"1","prefixes":[{"ip_prefix":"203.0.113.0/24","service":"AMAZON"},{"ip_prefix":"203.0.113.0/24","service":"EC2"},{"ip_prefix":"203.0.113.0/24","service":"S3"},
		{"ip_prefix":"203.0.113.64/26","service":"S3"}],"ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32","service":"AMAZON"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]string{"203.0.113.1": "EC2", "203.0.113.65": "S3", "2001:db8::7": "AMAZON", "192.0.2.1": ""} {
		if got, ok := services(netip.MustParseAddr(ip)); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", ip, got, ok, want)
		}
	}
	for _, text := range []string{"", "[]", "{}", `{"prefixes":[{"ip_prefix":"x"}]}`, `{"ipv6_prefixes":[{"ipv6_prefix":""}]}`} {
		if _, err := ReadServices(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{"192.0.2.9/24": "192.0.2.0/24", "198.51.100.7": "198.51.100.7/32", "2001:db8::1/32": "2001:db8::/32", "::ffff:10.0.0.1": "10.0.0.1/32"} {
		if got, err := parseNetwork(text); err != nil || got.String() != want {
			t.Errorf("%s: %v %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "Berlin", "192.0.2.0/33", "::ffff:10.0.0.0/104", "fe80::1%eth0"} {
		if got, err := parseNetwork(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestTogether(t *testing.T) {
	if Together() != nil || Together(nil, nil) != nil {
		t.Error("of nothing comes something")
	}
	cities, _ := ReadPlaces(strings.NewReader("network,country,city,latitude,longitude\n192.0.2.0/24,DE,Berlin,1,2\n"))
	owners, _ := ReadPlaces(strings.NewReader("network,asn,owner,country\n192.0.2.0/24,7,Seven,XX\n198.51.100.0/24,8,Eight,\n"))
	both := Together(nil, cities, owners)
	if got, ok := both(netip.MustParseAddr("192.0.2.1")); !ok || got != (Place{"DE", "Berlin", 1, 2, true, 7, "Seven"}) {
		t.Errorf("%+v %v", got, ok)
	}
	if got, ok := both(netip.MustParseAddr("198.51.100.1")); !ok || got.ASN != 8 || got.Country != "" {
		t.Errorf("%+v %v", got, ok)
	}
	if _, ok := both(netip.MustParseAddr("203.0.113.1")); ok {
		t.Error("nobody knows that address")
	}
}

func TestExampleWorld(t *testing.T) {
	w := ExampleWorld()
	if w.Places == nil || w.Services == nil {
		t.Fatal("the example's own files are not understood")
	}
	if p, ok := w.Places(netip.MustParseAddr("198.51.100.7")); !ok || p.City != "Berlin" || !p.Located || p.ASN != 64500 {
		t.Errorf("%+v", p)
	}
	if !w.aws(netip.MustParseAddr("203.0.113.200")) || w.aws(netip.MustParseAddr("198.51.100.7")) {
		t.Error("AWS is at the wrong addresses")
	}
}

func TestOpenPlaces(t *testing.T) {
	where, err := OpenPlaces(mmdb(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := where(netip.MustParseAddr("128.1.2.3")); !ok || got != (Place{"DE", "Berlin", 52.5, 13.4, true, 64500, "Example"}) {
		t.Errorf("%+v %v", got, ok)
	}
	if got, ok := where(netip.MustParseAddr("1.2.3.4")); ok {
		t.Errorf("%+v", got)
	}
	if got, ok := where(netip.MustParseAddr("2001:db8::1")); ok {
		t.Errorf("an IPv6 address in a database of IPv4: %+v", got)
	}
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{0xff}, 1000)} {
		if _, err := OpenPlaces(data); err == nil {
			t.Errorf("%d bytes that are no database are taken", len(data))
		}
	}
}

// mmdb writes a MaxMind DB with one network, 128.0.0.0/1. Source of the form: MaxMind
// DB File Format Specification 2.0.
func mmdb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	node := func(left, right uint32) {
		for _, r := range []uint32{left, right} {
			b.Write([]byte{byte(r >> 16), byte(r >> 8), byte(r)})
		}
	}
	const nodes = 1
	node(nodes, nodes+16) // left: nothing; right: the data's first byte
	b.Write(make([]byte, 16))
	text := func(s string) {
		if n := len(s); n < 29 {
			b.WriteByte(2<<5 | byte(n))
		} else {
			b.Write([]byte{2<<5 | 29, byte(n - 29)})
		}
		b.WriteString(s)
	}
	object := func(n int) { b.WriteByte(7<<5 | byte(n)) }
	number := func(n uint32) { b.Write([]byte{6<<5 | 4, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) }
	real := func(f float64) {
		b.WriteByte(3<<5 | 8)
		for shift := 56; shift >= 0; shift -= 8 {
			b.WriteByte(byte(math.Float64bits(f) >> shift))
		}
	}
	object(5)
	text("country")
	object(1)
	text("iso_code")
	text("DE")
	text("city")
	object(1)
	text("names")
	object(1)
	text("en")
	text("Berlin")
	text("location")
	object(2)
	text("latitude")
	real(52.5)
	text("longitude")
	real(13.4)
	text("autonomous_system_number")
	number(64500)
	text("autonomous_system_organization")
	text("Example")
	b.WriteString("\xab\xcd\xefMaxMind.com")
	object(7)
	text("node_count")
	number(nodes)
	text("record_size")
	number(24)
	text("ip_version")
	number(4)
	text("database_type")
	text("Test")
	text("binary_format_major_version")
	number(2)
	text("binary_format_minor_version")
	number(0)
	text("build_epoch")
	number(1)
	return b.Bytes()
}

func FuzzReadPlaces(f *testing.F) {
	f.Add([]byte(examplePlaces))
	f.Add([]byte("network,asn\n0.0.0.0/0,1\n::/0,2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		where, err := ReadPlaces(bytes.NewReader(data))
		if err == nil {
			where(netip.MustParseAddr("198.51.100.7"))
			where(netip.MustParseAddr("2001:db8::1"))
		}
	})
}

func FuzzReadServices(f *testing.F) {
	f.Add([]byte(exampleRanges))
	f.Fuzz(func(t *testing.T, data []byte) {
		services, err := ReadServices(bytes.NewReader(data))
		if err == nil {
			services(netip.MustParseAddr("203.0.113.200"))
		}
	})
}

func FuzzOpenPlaces(f *testing.F) {
	f.Add(mmdb(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		where, err := OpenPlaces(data)
		if err != nil {
			return
		}
		for _, ip := range []string{"128.1.2.3", "1.2.3.4", "2001:db8::1"} {
			if p, ok := where(netip.MustParseAddr(ip)); ok && p.Located && !(p.Latitude >= -90 && p.Latitude <= 90) {
				t.Errorf("%+v is no place on earth", p)
			}
		}
	})
}
