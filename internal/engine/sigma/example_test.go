package sigma_test

import (
	"fmt"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// Failed logins that come in numbers: a rule, a correlation of it, and the events.
func Example() {
	rules, refused := sigma.Parse("logins.yml", []byte(`
title: Failed login
name: failed_login
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName: ConsoleLogin
        responseElements.ConsoleLogin: Failure
    condition: selection
---
title: Many failed logins
correlation:
    type: event_count
    rules: [failed_login]
    group-by: [sourceIPAddress]
    timespan: 10m
    condition: {gte: 3}
---
title: Of another log
logsource: {product: windows}
detection: {selection: {EventID: 4625}, condition: selection}
`))
	engine, more := sigma.Compile(rules, sigma.Options{Sources: []sigma.LogSource{{Product: "aws", Service: "cloudtrail"}}})
	for _, r := range append(refused, more...) {
		fmt.Println("refused:", r.Rule)
	}
	matcher, state := engine.Matcher(), engine.NewState(sigma.StateOptions{})
	hit := func(h sigma.Hit) { fmt.Println(h.Rule.Title, "from", h.Group[0].Value, h.Events) }
	at := time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC)
	for i := range 3 {
		var event sigma.Record
		event.Reset([]byte(`{"eventName":"ConsoleLogin","sourceIPAddress":"192.0.2.7","responseElements":{"ConsoleLogin":"Failure"}}`))
		matcher.Match(&event, func(c *sigma.Compiled) bool {
			fmt.Println("matches:", c.Rule.Title)
			state.Observe(c, &event, at.Add(time.Duration(i)*time.Minute), fmt.Sprint("event ", i), hit)
			return true
		})
	}
	state.Flush(hit)
	// Output:
	// refused: Of another log
	// matches: Failed login
	// matches: Failed login
	// matches: Failed login
	// Many failed logins from 192.0.2.7 [event 0 event 1 event 2]
}
