package aws

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// Saved is the world of a directory of saved responses,
// account/region/service/Operation.json: its accounts and Regions are the
// directories. It needs no credentials and no network.
func Saved(dir string, o Options) (*World, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%q is no directory of saved responses; write one with \"holdfast collect --record DIR\"", dir)
	}
	w, err := SavedFS(os.DirFS(dir), o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return w, nil
}

// SavedFS is Saved for any file system.
func SavedFS(dir fs.FS, o Options) (*World, error) {
	accounts, err := directories(dir, ".", isAccount)
	if err != nil {
		return nil, err
	}
	w := &World{Org: &Org{}, Collectors: o.Collectors, saved: true}
	answer := FromFS(dir)
	for _, id := range accounts {
		if !o.wants(id) {
			continue
		}
		regions, err := directories(dir, id, func(name string) bool { return name != evidence.Global && !strings.HasPrefix(name, ".") })
		if err != nil {
			return nil, err
		}
		t := Target{Account: id, Partition: savedPartition(dir, id, regions), Config: Answered("us-east-1", answer)}
		for _, r := range regions {
			if len(o.Regions) == 0 || slices.Contains(o.Regions, r) {
				t.Regions = append(t.Regions, r)
			}
		}
		w.Targets = append(w.Targets, t)
		w.Org.visited = append(w.Org.visited, id)
	}
	if len(w.Targets) == 0 {
		if len(accounts) > 0 {
			return nil, fmt.Errorf("there is no account to read: %s asked for, and saved are %s; check --accounts", strings.Join(o.Accounts, ", "), strings.Join(accounts, ", "))
		}
		return nil, fmt.Errorf("there is no account to read; expected directories named by account id, as 111122223333/eu-west-1/ec2/DescribeVpcs.json")
	}
	savedOrg(dir, w, o)
	return w, unknownRegion(w, o)
}

func directories(dir fs.FS, under string, keep func(string) bool) ([]string, error) {
	entries, err := fs.ReadDir(dir, under)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && keep(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func isAccount(name string) bool {
	return len(name) == 12 && strings.Trim(name, "0123456789") == ""
}

// savedOrg finds the account whose answers describe the organisation: the
// management account, else one that could list the roots.
func savedOrg(dir fs.FS, w *World, o Options) {
	best := -1
	for i, t := range w.Targets {
		file, err := readSavedFS(dir, path.Join(t.Account, evidence.Global, "organizations", "DescribeOrganization.json"))
		if err != nil {
			continue
		}
		c, _ := file.answer(nil)
		out, _ := c.output.(map[string]any)
		org, _ := out["Organization"].(map[string]any)
		id, _ := org["Id"].(string)
		management, _ := org["MasterAccountId"].(string)
		if id == "" {
			continue
		}
		w.Org.ID, w.Org.Management = id, management
		_, err = fs.Stat(dir, path.Join(t.Account, evidence.Global, "organizations", "ListRoots.json"))
		if t.Account == management || (best < 0 && err == nil) {
			best = i
		}
	}
	if best >= 0 {
		w.Targets[best].OrgAccess = true
		return
	}
	if types := o.typesOf(OrgWide); len(types) > 0 {
		t := &w.Targets[0]
		t.Gaps = append(t.Gaps, evidence.Gap{
			Account: t.Account, Region: evidence.Global, Service: "organizations", Operation: "DescribeOrganization", Types: types,
			Reason: evidence.NotRecorded, Detail: "no account's saved responses describe the organisation",
		})
	}
}

// savedPartition reads the partition from the identity, where that was saved,
// or tells it from the names of the Regions.
func savedPartition(dir fs.FS, account string, regions []string) string {
	for _, service := range []string{"sts", "iam", "organizations"} {
		for _, operation := range []string{"GetCallerIdentity", "GetUser", "DescribeOrganization"} {
			file, err := readSavedFS(dir, path.Join(account, evidence.Global, service, operation+".json"))
			if err != nil {
				continue
			}
			c, _ := file.answer(nil)
			if p := firstPartition(c.output, 0); p != "" {
				return p
			}
		}
	}
	for _, r := range regions {
		for prefix, partition := range regionPartitions {
			if strings.HasPrefix(r, prefix) {
				return partition
			}
		}
	}
	return "aws"
}

// regionPartitions are the Region prefixes of partitions other than aws.
var regionPartitions = map[string]string{
	"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b",
	"eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f", "eusc-": "aws-eusc",
}

// firstPartition is the partition of the first ARN in a value.
func firstPartition(v any, depth int) string {
	switch v := v.(type) {
	case string:
		if parts := strings.SplitN(v, ":", 3); len(parts) == 3 && parts[0] == "arn" {
			return parts[1]
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			if p := firstPartition(v[k], depth+1); p != "" && depth < 4 {
				return p
			}
		}
	}
	return ""
}
