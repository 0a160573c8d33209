package logfile_test

import (
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/logfile"
)

func TestPlaceOf(t *testing.T) {
	for name, want := range map[string]struct {
		account, kind, region, vpc, day string
		ok                              bool
	}{
		"p/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/x.json.gz":                                                 {"111122223333", "CloudTrail", "eu-west-1", "", "2026/03/01", true},
		"AWSLogs/o-abc/111122223333/vpcflowlogs/us-east-1/2026/03/01/00/x.log.gz":                                          {"111122223333", "vpcflowlogs", "us-east-1", "", "2026/03/01", true},
		"AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=03/day=01/x":     {"111122223333", "vpcflowlogs", "eu-west-1", "", "2026/03/01", true},
		"AWSLogs/111122223333/vpcdnsquerylogs/vpc-1/2026/03/01/vpc-1_vpcdnsquerylogs_111122223333_20260301T0000Z_a.log.gz": {"111122223333", "vpcdnsquerylogs", "", "vpc-1", "2026/03/01", true},
		"AWSLogs/111122223333/": {"111122223333", "", "", "", "", true},
		"mirror/111122223333_vpcflowlogs_eu-west-1_fl-1_20260301T0000Z_a.log.gz": {"111122223333", "vpcflowlogs", "eu-west-1", "", "", true},
		"AWSLogs/notes/x.json": {ok: false},
		"elsewhere/x.json":     {ok: false},
	} {
		p, ok := logfile.PlaceOf(name)
		if ok != want.ok || p.Account != want.account || p.Kind != want.kind || p.Region != want.region || p.VPC != want.vpc || p.Day != want.day {
			t.Errorf("%s: %+v, %t; want %+v", name, p, ok, want)
		}
	}
}

func TestWritten(t *testing.T) {
	for base, want := range map[string]string{
		"111122223333_CloudTrail_eu-west-1_20260301T0915Z_abc.json.gz":       "2026-03-01T09:15:00Z",
		"111122223333_vpcflowlogs_eu-west-1_fl-1_20260301T091530Z_ab.log.gz": "2026-03-01T09:15:30Z",
		"x_20260301T0915Z.log": "2026-03-01T09:15:00Z",
		"x_20261301T0915Z_y":   "0001-01-01T00:00:00Z", // no such month
		"000000.gz":            "0001-01-01T00:00:00Z",
	} {
		if got := logfile.Written(base).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
}

// What a name does not tell is wanted: the content decides.
func TestSelection(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	const name = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/03/02/111122223333_vpcflowlogs_eu-west-1_fl-1_20260302T0600Z_a.log.gz"
	for what, test := range map[string]struct {
		s    logfile.Selection
		name string
		want bool
	}{
		"nothing asked":      {logfile.Selection{}, name, true},
		"its kind":           {logfile.Selection{Kind: "vpcflowlogs"}, name, true},
		"another kind":       {logfile.Selection{Kind: "vpcdnsquerylogs"}, name, false},
		"its account":        {logfile.Selection{Accounts: []string{"111122223333"}}, name, true},
		"another account":    {logfile.Selection{Accounts: []string{"444455556666"}}, name, false},
		"another Region":     {logfile.Selection{Regions: []string{"us-east-1"}}, name, false},
		"begun just before":  {logfile.Selection{Since: at.Add(6*time.Hour + 59*time.Minute)}, name, true},
		"long before":        {logfile.Selection{Since: at.Add(8 * time.Hour)}, name, false},
		"written a day late": {logfile.Selection{Until: at.Add(-17 * time.Hour)}, name, true},
		"later than that":    {logfile.Selection{Until: at.Add(-19 * time.Hour)}, name, false},
		"a folder too late":  {logfile.Selection{Until: at.AddDate(0, 0, -3)}, "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/03/02/", false},
		"an export":          {logfile.Selection{Kind: "vpcflowlogs", Since: at, Accounts: []string{"444455556666"}}, "export/1/000000.gz", true},
	} {
		if got := test.s.Wants(test.name); got != test.want {
			t.Errorf("%s: %t", what, got)
		}
	}
}
