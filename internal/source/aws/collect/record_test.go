package collect

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestRecordingReadsAlike records every collector, its listings coming in two
// pages, and expects the recording to say the same as what was recorded.
func TestRecordingReadsAlike(t *testing.T) {
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			world, err := awstest.Load(filepath.Join("testdata", c.Name))
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			collectors := []aws.Collector{c}
			live := awstest.RunWith(t.Context(), t, collectors, world, awstest.TwoPages, aws.RunOptions{Record: dir})
			if live.Err != nil {
				t.Fatal(live.Err)
			}
			recorded, err := awstest.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			again := awstest.Run(t.Context(), t, collectors, recorded, nil)
			if again.Err != nil {
				t.Fatal(again.Err)
			}
			if diff := cmp.Diff(seen(live), seen(again)); diff != "" {
				t.Errorf("(-live +recorded)\n%s", diff)
			}
		})
	}
}

// seen is what was observed, without what a recording leaves out on purpose.
func seen(o awstest.Outcome) []aws.Batch {
	batches := o.Sorted()
	for i := range batches {
		batches[i].Resources = redacted(batches[i].Resources)
	}
	return batches
}

// secretBearing are types whose secrets stand in an answer that is recorded.
var secretBearing = map[string]bool{
	"AWS::Lambda::Function": true, "AWS::ECS::TaskDefinition": true, "AWS::EC2::LaunchTemplate": true, "AWS::EC2::Instance": true,
}

func redacted(list []evidence.Resource) []evidence.Resource {
	var out []evidence.Resource
	for _, r := range list {
		if secretBearing[r.Type] {
			r.Properties = nil
		}
		out = append(out, r)
	}
	return out
}
