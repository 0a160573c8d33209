package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

func objectivesPage(k knowledge) page {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# Objectives\n\nAn objective is what must hold, and why. Controls serve objectives, objectives serve the practices of SEC01, and each has the risk that comes true where it does not hold. Likelihood is the catalogue's estimate before evidence; a review moves it by what it finds (see [concepts](../concepts.md#risk)).\n\n| objective | practices | risk before evidence | controls |\n|---|---|---|---|\n", notice)
	serving := map[string][]string{}
	for _, c := range k.controls {
		serving[c.Objective] = append(serving[c.Objective], link(c))
	}
	matrix := k.review.Matrix
	for _, o := range k.objectives {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %d |\n", o.ID, o.ID, strings.Join(o.Practices, " "), matrix.Level(o.Risk.Likelihood, o.Risk.Consequence), len(serving[o.ID]))
	}
	for _, o := range k.objectives {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s\n\n", o.ID, flat(o.Statement), flat(o.Why))
		fmt.Fprintf(&b, "- practices: %s; layers: %s; owner: %s; met from %s%% of checks\n", strings.Join(o.Practices, ", "), strings.Join(o.Layers, ", "), o.OwnerRole, strconv.FormatFloat(o.Threshold*100, 'f', -1, 64))
		fmt.Fprintf(&b, "- risk: **%s** (%s, %s: %s). %s\n", o.Risk.Title, strings.ToLower(matrix.Likelihood[o.Risk.Likelihood-1]), strings.ToLower(matrix.Consequence[o.Risk.Consequence-1])+" consequence", strings.ToLower(string(matrix.Level(o.Risk.Likelihood, o.Risk.Consequence))), flat(o.Risk.Scenario))
		fmt.Fprintf(&b, "- controls: %s\n", strings.Join(serving[o.ID], ", "))
	}
	return page{"docs/reference/objectives.md", []byte(b.String())}
}

func guardrailsPage(k knowledge) page {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# Guardrails\n\nA guardrail describes how to recognise an organisation policy that keeps a failing control from mattering. Where such a policy is in force on the account, the finding is PREVENTED instead of FAIL, and names the policy.\n", notice)
	for _, g := range k.guardrails {
		var prevents []string
		for _, c := range k.controls {
			if slices.Contains(c.PreventedBy, g.ID) {
				prevents = append(prevents, link(c))
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s (`%s`). %s\n\n```cel\n%s\n```\n\n- serves [%s](objectives.md#%s)\n", g.ID, g.Title, g.Policy, flat(g.Why), strings.TrimSpace(g.InForce), g.Objective, g.Objective)
		if len(prevents) > 0 {
			fmt.Fprintf(&b, "- prevents the failures of %s\n", strings.Join(prevents, ", "))
		}
		fmt.Fprintf(&b, "- source: [`catalog/%s`](../../catalog/%s)\n", g.File, g.File)
	}
	return page{"docs/reference/guardrails.md", []byte(b.String())}
}

func frameworksPage(k knowledge) page {
	var b strings.Builder
	fmt.Fprintf(&b, "%s# Frameworks\n\nWhich controls support which requirement. Support is not compliance: a requirement asks for more than configuration can show. `holdfast controls list --framework cis-7.0` prints the same for your own controls too.\n", notice)
	fmt.Fprintf(&b, "\n## SEC01\n\n| practice | title | AWS risk | controls |\n|---|---|---|---|\n")
	count := map[string]int{}
	for _, c := range k.controls {
		for _, p := range c.Practices() {
			count[p]++
		}
	}
	for _, p := range k.review.Practices {
		fmt.Fprintf(&b, "| %s | %s | %s | %d |\n", p.ID, cell(p.Title), p.Risk, count[p.ID])
	}
	for _, f := range frameworks {
		by := map[string][]string{}
		for _, c := range k.controls {
			for _, id := range c.Maps[f.id] {
				by[id] = append(by[id], link(c))
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\n| requirement | controls |\n|---|---|\n", f.name)
		for _, id := range slices.SortedFunc(maps.Keys(by), natural) {
			fmt.Fprintf(&b, "| %s | %s |\n", id, strings.Join(by[id], ", "))
		}
	}
	return page{"docs/reference/frameworks.md", []byte(b.String())}
}

// natural orders requirement ids as people count: 2.9 before 2.10, S3.5 before S3.12.
func natural(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' || r == '(' || r == ')' })
	}
	x, y := split(a), split(b)
	for i := range min(len(x), len(y)) {
		m, errM := strconv.Atoi(x[i])
		n, errN := strconv.Atoi(y[i])
		order := strings.Compare(x[i], y[i])
		if errM == nil && errN == nil {
			order = cmp.Compare(m, n)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}
