package trailtest

import (
	"fmt"
	"strings"
)

// Rules makes so many Sigma rules of the shapes that public rule sets for AWS have: nine
// in ten pin calls, half of those calls that the records have; the others look at
// every event. Few of them ever hold.
func Rules(n int) string {
	var b strings.Builder
	for i := range n {
		c := &calls[i%len(calls)]
		source, name := c.service+".amazonaws.com", c.name
		fmt.Fprintf(&b, "---\ntitle: Made-up rule %d\nid: 00000000-0000-4000-8000-%012d\nlogsource: {product: aws, service: cloudtrail}\nlevel: medium\ndetection:\n", i, i)
		switch i % 20 {
		case 0, 1, 2, 3, 4, 5: // one call
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName: Stop%s%d}\n    condition: selection\n", source, name, i)
		case 6, 7, 8, 9: // several calls, with a filter
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName: [Put%s%d, %s]}\n    filter_main_ok: {userIdentity.arn|contains: 'role-%d'}\n    narrow: {requestParameters.bucketName: 'none-%d'}\n    condition: selection and narrow and not 1 of filter_main_*\n",
				source, name, i, name, i, i)
		case 10, 11, 12, 13: // a call and what it was asked for
			fmt.Fprintf(&b, "    selection: {eventName: %s, requestParameters.key|endswith: '.exe%d'}\n    condition: selection\n", name, i)
		case 14, 15: // calls by pattern
			fmt.Fprintf(&b, "    selection: {eventSource: %s, eventName|startswith: [%s, Enable%d]}\n    failed: {errorCode: 'Denied%d'}\n    condition: selection and failed\n", source, name, i, i)
		case 16, 17: // a call by any of searches
			fmt.Fprintf(&b, "    a: {eventName: %s, additionalEventData.AuthenticationMethod: 'M%d'}\n    b: {eventName: Stop%s%d}\n    condition: 1 of them\n", name, i, name, i)
		case 18: // every event: the tool
			fmt.Fprintf(&b, "    selection: {userAgent|contains: ['tool-%d', 'kit-%d']}\n    condition: selection\n", i, i)
		default: // every event: who
			fmt.Fprintf(&b, "    selection: {userIdentity.arn|re: '.+:assumed-role/odd-%d:.+'}\n    filter: [{eventSource: ssm.amazonaws.com}, {sourceIPAddress: 'AWS Internal'}]\n    condition: selection and not filter\n", i)
		}
	}
	return b.String()
}
