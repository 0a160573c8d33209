package cli

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access/external"
)

// externalTable prints by resource who gets in, what he may do and what narrows
// it.
type externalTable struct {
	w    *errWriter
	zone external.Zone
}

func (t *externalTable) print(r *external.Report, all bool) {
	if len(r.Findings) == 0 {
		fmt.Fprintf(t.w, "Nothing that was seen can be reached from outside the %s.\n", r.Zone)
	}
	t.group(r.Findings)
	if all && len(r.Held) > 0 {
		fmt.Fprintf(t.w, "\nTaken back:\n")
		t.group(r.Held)
	}
}

func (t *externalTable) group(list []external.Finding) {
	last := ""
	for i := range list {
		x := &list[i]
		if x.Resource != last {
			fmt.Fprintf(t.w, "%s\n", oneLine(x.Resource))
			last = x.Resource
		}
		fmt.Fprintf(t.w, "  %-8s  %s: %s\n", reachText(x, t.zone), oneLine(whoText(x)), oneLine(strings.Join(x.What(), ", ")))
		if len(x.Conditions) > 0 {
			fmt.Fprintf(t.w, "            where %s\n", oneLine(strings.Join(x.Conditions, " and ")))
		}
		for _, s := range x.Restricted {
			fmt.Fprintf(t.w, "            %s\n", oneLine(s))
		}
	}
}

// certain tells whether somebody outside the zone gets in for sure.
func certain(x *external.Finding, zone external.Zone) bool {
	return x.Known == kleene.True && (x.Public || zone != external.Organization || x.External == kleene.True)
}

// reachText says how far outside somebody is. Another account is outside the
// account, whether or not it is known to be of the organisation.
func reachText(x *external.Finding, zone external.Zone) string {
	word := "outside"
	switch {
	case x.Public:
		word = "public"
	case x.External == kleene.False:
		word = "in org"
	}
	if x.Known == kleene.Unknown || !certain(x, zone) && x.External == kleene.Unknown {
		word += "?"
	}
	return word
}

func whoText(x *external.Finding) string {
	who := x.Name
	switch {
	case x.Kind == exposure.Everyone && x.Public:
		who = "anyone"
	case x.Kind == exposure.Everyone:
		who = "whoever fits"
	case x.Kind == exposure.Provider && x.Public:
		who = "anyone at " + x.Name
	case x.Kind == exposure.Account:
		who = "account " + x.Name
	case x.Kind == exposure.Organization:
		who = "organisation " + x.Name
	case x.Kind == exposure.CanonicalID:
		who = "the account of canonical id " + x.Name
	}
	if x.Via {
		who = "AWS services for " + who
	}
	return who
}
