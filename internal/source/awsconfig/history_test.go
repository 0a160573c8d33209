package awsconfig

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

func volumeItem(captured, size string, more ...string) string {
	return item("AWS::EC2::Volume", "vol-1", captured, `{"volumeId":"vol-1","size":`+size+`}`, more...)
}

// lives writes versions as "id from to size".
func lives(versions []evidence.Version) []string {
	var out []string
	for _, v := range versions {
		to := "…"
		if !v.Valid.To.IsZero() {
			to = v.Valid.To.Format("15:04")
		}
		out = append(out, fmt.Sprintf("%s %s-%s %v", v.ID, v.Valid.From.Format("15:04"), to, v.Properties["Size"]))
	}
	return out
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		name  string
		items []string
		want  []string
		gap   evidence.Reason
	}{
		{"one", []string{volumeItem("2024-01-01T10:00:00Z", "8")}, []string{"vol-1 10:00-… 8"}, ""},
		{"changed, out of order", []string{volumeItem("2024-01-01T12:00:00Z", "16"), volumeItem("2024-01-01T10:00:00Z", "8")},
			[]string{"vol-1 10:00-12:00 8", "vol-1 12:00-… 16"}, ""},
		{"the snapshot repeats", []string{volumeItem("2024-01-01T10:00:00Z", "8"), volumeItem("2024-01-01T10:00:00Z", "8"), volumeItem("2024-01-01T11:00:00Z", "8")},
			[]string{"vol-1 10:00-… 8"}, ""},
		{"same instant, later state", []string{volumeItem("2024-01-01T10:00:00Z", "16", "configurationStateId", `"1700000000010"`), volumeItem("2024-01-01T10:00:00Z", "8", "configurationStateId", `"900000000009"`)},
			[]string{"vol-1 10:00-… 16"}, ""},
		{"deleted and back", []string{volumeItem("2024-01-01T10:00:00Z", "8"),
			item("AWS::EC2::Volume", "vol-1", "2024-01-01T11:00:00Z", "", "configurationItemStatus", `"ResourceDeleted"`), volumeItem("2024-01-01T12:00:00Z", "8")},
			[]string{"vol-1 10:00-11:00 8", "vol-1 12:00-… 8"}, ""},
		{"deleted, not recorded", []string{volumeItem("2024-01-01T10:00:00Z", "8"),
			item("AWS::EC2::Volume", "vol-1", "2024-01-01T11:00:00Z", "", "configurationItemStatus", `"ResourceDeletedNotRecorded"`)},
			[]string{"vol-1 10:00-11:00 8"}, ""},
		{"recording stopped", []string{volumeItem("2024-01-01T10:00:00Z", "8"),
			item("AWS::EC2::Volume", "vol-1", "2024-01-01T11:00:00Z", "", "configurationItemStatus", `"ResourceNotRecorded"`)},
			[]string{"vol-1 10:00-11:00 8"}, evidence.NotRecorded},
		{"recording stopped and went on", []string{
			item("AWS::EC2::Volume", "vol-1", "2024-01-01T11:00:00Z", "", "configurationItemStatus", `"ResourceNotRecorded"`), volumeItem("2024-01-01T12:00:00Z", "8")},
			[]string{"vol-1 12:00-… 8"}, ""},
		{"an item that cannot be read ends what was known", []string{volumeItem("2024-01-01T10:00:00Z", "8"),
			item("AWS::EC2::Volume", "vol-1", "2024-01-01T11:00:00Z", `"{not json"`)},
			[]string{"vol-1 10:00-11:00 8"}, evidence.Corrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h History
			h.Add(parse(t, body(c.items...)))
			if got := lives(h.Versions()); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			gaps := h.Gaps()
			if c.gap == "" && len(gaps) > 0 || c.gap != "" && (len(gaps) != 1 || gaps[0].Reason != c.gap || gaps[0].Types[0] != "AWS::EC2::Volume") {
				t.Errorf("gaps = %+v, want %q", gaps, c.gap)
			}
		})
	}
}

// Parts that CloudFormation declares apart live and end by themselves.
func TestPartsHaveTheirOwnLives(t *testing.T) {
	table := func(captured string, routes string) string {
		return item("AWS::EC2::RouteTable", "rtb-1", captured, `{"routeTableId":"rtb-1","vpcId":"vpc-1","associations":[{"main":true}],"routes":[`+routes+`]}`)
	}
	local := `{"destinationCidrBlock":"10.0.0.0/16","gatewayId":"local","state":"active"}`
	open := `{"destinationCidrBlock":"0.0.0.0/0","gatewayId":"igw-1","state":"active"}`
	var h History
	h.Add(parse(t, body(table("2024-01-01T10:00:00Z", local+","+open), table("2024-01-01T12:00:00Z", local))))
	var got []string
	for _, v := range h.Versions() {
		got = append(got, v.Type+" "+v.ID+" "+fmt.Sprint(v.Valid.To.IsZero()))
	}
	want := []string{"AWS::EC2::RouteTable rtb-1 true", "AWS::EC2::Route rtb-1|0.0.0.0/0 false", "AWS::EC2::Route rtb-1|10.0.0.0/16 true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVersionsCoverEveryInstant(t *testing.T) {
	var items []string
	for hour := range 20 {
		items = append(items, volumeItem(fmt.Sprintf("2024-01-01T%02d:00:00Z", hour), fmt.Sprint(hour/3)))
	}
	var h History
	h.Add(parse(t, body(items...)))
	versions := h.Versions()
	if len(versions) != 7 {
		t.Fatalf("%d versions, want 7: %s", len(versions), strings.Join(lives(versions), "; "))
	}
	for hour := range 30 {
		at := time.Date(2024, 1, 1, hour, 30, 0, 0, time.UTC)
		n := 0
		for _, v := range versions {
			if v.Valid.Contains(at) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d versions are valid at %v, want exactly one", n, at)
		}
	}
}
