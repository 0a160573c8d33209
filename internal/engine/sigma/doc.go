// Package sigma matches events against Sigma rules: specification 2.1 with
// detections, correlations and filters. It takes values and returns values; files,
// clocks and goroutines belong to its callers.
//
// A rule passes four stations:
//
//   - Parse reads YAML into a Rule, as it was written (rule.go, yaml.go,
//     collection.go, search.go, condition.go, correlation.go, filter.go).
//   - Compile turns all rules into one Engine: modifiers become predicates
//     (modifier.go, pattern.go, predicate.go), filters are joined to the rules they
//     name, and what cannot be honoured comes out as a Refusal with one reason.
//     Nothing is ignored in silence: a rule is either in the engine or refused.
//   - A Matcher runs events through the Engine (matcher.go). Equal predicates are
//     one predicate, and what they said of a value is remembered (memo.go). The
//     first time a pair of eventSource and eventName comes by, every rule is worked
//     out as far as these two decide it; what is left is kept as the plan of the
//     pair (plan.go). Rules that no call pins down wait behind the gate of another
//     field (gate.go). So an event costs what its own plan costs, however many rules
//     speak of other calls and other tools.
//   - A State correlates what matched (state.go, window.go, aggregate.go): it puts
//     events in order, groups them, and says when a correlation has come true. It is
//     a value that Save writes and LoadState reads back.
//
// Events come in through the interface Event, which is asked only for what a rule
// needs. Record is an Event over the JSON text of a log record.
//
// What Sigma leaves to the implementer is settled like this:
//
//   - Text is compared without regard to case (Unicode simple folding) unless the
//     rule says cased; regular expressions regard case unless they say i.
//   - A path leads through lists: a field has as many values as its lists have
//     elements, and an item holds where any of them does. An object is compared as
//     its JSON text, escapes resolved.
//   - null holds where there is no value: the field is absent, null or an empty
//     list. The empty string is a value. exists asks for presence alone, so it holds
//     for null.
//   - A number in a rule equals a JSON number of the same amount, and a string that
//     is written as in the rule.
//   - Keywords are searched in the whole text of the record, JSON escapes resolved.
//   - neq is the negation of its item, so it holds where the field is absent.
//   - A filter's condition is joined to its rules with "and", as pySigma does: what
//     suppresses says "not selection".
//   - Correlations: a window spans at most timespan, both ends included. What can
//     only become truer with every further event (counts, sums and highest values
//     from below, lowest values from above, temporal) is found as soon as it is
//     true, in sliding windows, and rests for one timespan. Everything else (lt, lte,
//     eq, averages, medians, percentiles) is decided when a window that opened with
//     its first event has passed.
//
// Source: SigmaHQ/sigma-specification, "Sigma Rules", "Sigma Modifiers", "Sigma
// Correlation Rules" and "Sigma Filters" 2.1.0; pySigma where these are silent.
package sigma
