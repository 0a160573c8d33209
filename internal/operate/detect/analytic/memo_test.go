package analytic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestMemoTellsTheSame has more texts than places for them, so that some are forgotten:
// what is learned is what an event finds out by itself all the same.
func TestMemoTellsTheSame(t *testing.T) {
	services := []string{"", "iam", "iam.amazonaws.com", "s3.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com", "bedrock.amazonaws.com", strings.Repeat("s", 2000)}
	names := []string{"", "a", "DeleteObject", "CreateUser", "ListBuckets", "UpdateFunctionCode20150331v2", "DeleteSnapshot", "InvokeModel", strings.Repeat("n", 1020)}
	agents := []string{"", "aws-cli/2.17.0", "Mozilla/5.0 Firefox/1", "[S3Console/0.4]", strings.Repeat("x", 3000)}
	for i := range 3 << memoBits {
		names, agents = append(names, fmt.Sprint("Describe", i)), append(agents, fmt.Sprint("tool-", i, "/1.0"))
	}
	var m Memo
	r := rand.New(rand.NewPCG(1, 2))
	listed := 0
	for range 100_000 {
		a := Activity{Time: start, Service: services[r.IntN(len(services))], Name: names[min(r.IntN(len(names)), r.IntN(len(names)))], UserAgent: agents[r.IntN(len(agents))], Principal: "arn:aws:iam::1:user/a", Data: r.IntN(3) == 0}
		alone := a
		m.Learn(&a)
		if *a.called() != *alone.called() || a.agent() != alone.agent() || a.call() != hash(0, a.Service, plainName(a.Name)) {
			t.Fatalf("%q %q %q: learned %+v %x, found %+v %x", a.Service, a.Name, a.UserAgent, a.facts.callFacts, a.agent(), alone.facts.callFacts, alone.agent())
		}
		if a.tactics()|a.shares()|a.deletions() != 0 {
			listed++
		}
	}
	if listed == 0 {
		t.Error("no action was in any list")
	}
}
