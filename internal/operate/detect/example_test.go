package detect_test

import (
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/operate/detect"
)

// An example may say how many alerts it is to give.
func TestAlertsAreCounted(t *testing.T) {
	for count, want := range map[string]string{"1": "", "2": "is to give 2 alerts and gives 1"} {
		text := strings.Replace(whole, "- why: a bucket goes", "- why: a bucket goes\n        alerts: "+count, 1)
		all, err := detect.Load(catalogue(text), "d")
		if err != nil {
			t.Fatal(err)
		}
		trial := detect.Try(&all[0], detect.Options{})[0]
		if trial.Passed() != (want == "") || !strings.Contains(trial.Outcome(), want) {
			t.Errorf("alerts: %s: passed %v, %s", count, trial.Passed(), trial.Outcome())
		}
	}
	for place, want := range map[string]string{
		"- why: a bucket goes\n        alerts: none": `alerts "none" is no number of alerts`,
		"- why: a bucket comes\n        alerts: 1":   "this one is to be quiet",
	} {
		from, _, _ := strings.Cut(place, "\n")
		if _, err := detect.Load(catalogue(strings.Replace(whole, from, place, 1)), "d"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", place, err, want)
		}
	}
}
