package collect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
)

const reportHeader = "user,arn,user_creation_time,password_enabled,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active\n"

func TestCredentialReport(t *testing.T) {
	rows, err := parseCredentialReport([]byte("\ufeff" + reportHeader +
		"<root_account>,arn:aws:iam::1:root,2020-01-01T00:00:00+00:00,not_supported,FALSE,TRUE,2020-01-02T00:00:00+01:00,no_information,false\n" +
		"\"odd, name\",arn:aws:iam::1:user/odd,2020-01-01T00:00:00Z,True,false,false,N/A,N/A,false\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{
			"User": "<root_account>", "Root": true, "Created": "2020-01-01T00:00:00Z", "MfaActive": false, "Certificates": []any{},
			"AccessKeys": []any{map[string]any{"Index": int64(1), "Active": true, "LastRotated": "2020-01-01T23:00:00Z"}},
		},
		{"User": "odd, name", "Root": false, "Created": "2020-01-01T00:00:00Z", "PasswordEnabled": true, "MfaActive": false, "AccessKeys": []any{}, "Certificates": []any{}},
	}
	var got []map[string]any
	for _, r := range rows {
		got = append(got, r.properties)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCredentialReportRefusals(t *testing.T) {
	for in, says := range map[string]string{
		"":                          "no header",
		"user,arn\na,b\n":           "lacks the columns user_creation_time",
		reportHeader + "a,b\n":      "line 2 of the credential report has 2 columns",
		reportHeader + ",,,,,,,,\n": "the user is empty",
		reportHeader + "a,b,yesterday,true,true,true,N/A,N/A,false\n":                             `user_creation_time: "yesterday" is not a time`,
		reportHeader + "a,b,N/A,true,perhaps,false,N/A,N/A,false\n":                               `mfa_active: "perhaps" is neither true nor false`,
		reportHeader + "a,b,N/A,true,true,ACTIVE,N/A,N/A,false\n":                                 `access_key_1_active: "ACTIVE" is neither true nor false`,
		reportHeader + "a,\"b\n":                                                                  "the credential report",
		reportHeader + strings.Repeat("a,b,N/A,true,true,false,N/A,N/A,false\n", maxReportRows+1): "more than 20000 rows",
	} {
		if _, err := parseCredentialReport([]byte(in)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q gave %v, want an error with %q", in, err, says)
		}
	}
}

func FuzzCredentialReport(f *testing.F) {
	f.Add([]byte(reportHeader + "a,b,N/A,true,true,false,N/A,N/A,false\n"))
	f.Add([]byte("\ufeff" + reportHeader + "<root_account>,b,2020-01-01T00:00:00+00:00,not_supported,FALSE,TRUE,N/A,no_information,false\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := parseCredentialReport(b)
		if err != nil {
			return
		}
		for _, r := range rows {
			if _, err := evidence.Append(nil, r.properties); err != nil || r.user == "" {
				t.Fatalf("%q became %v: %v", b, r, err)
			}
		}
	})
}
