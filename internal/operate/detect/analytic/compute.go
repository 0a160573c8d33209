package analytic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// launches finds compute that an account starts in a Region or of a kind that it
// never used: graphics processors and very large machines are what miners want.
type launches struct {
	memory   memory
	accounts *table[profile]
	most     int
	watch    watch
}

var unusualCompute = definition{Engine{
	Name:   "unusual-compute",
	About:  "An account starts machines in a Region where it never did, or graphics and very large machines of a kind that it never used.",
	Fields: []string{"eventTime", "eventID", "eventSource", "eventName", "awsRegion", "errorCode", "userIdentity", "requestParameters", "responseElements.instancesSet"},
	Needs:  []string{"management"},
}, func(s *settings, _ World) Analytic {
	l := &launches{}
	warmUp := s.span("warm-up", 14*day, 0, 90*day, "how long it has to watch before anything counts as unusual")
	halfLife := s.span("half-life", 90*day, day, 720*day, "after which a day counts for half; what was used on one day only is forgotten after two")
	l.most = s.whole("accounts", 10_000, 1, 1e6, "how many accounts are remembered; those not seen for longest are forgotten first")
	l.memory = memory{halfLife: halfLife.Hours() / 24, warmUp: int64(warmUp / time.Second), cells: 256}
	l.accounts = newTable[profile](l.most, 50*l.most)
	return l
}}

// where the types of machines stand, by service and action.
var launchTypes = map[who][]string{
	{"ec2.amazonaws.com", "RunInstances"}:                 {"requestParameters.instanceType", "responseElements.instancesSet.items.instanceType"},
	{"ec2.amazonaws.com", "RequestSpotInstances"}:         {"requestParameters.launchSpecification.instanceType", "requestParameters.instanceType"},
	{"ec2.amazonaws.com", "RequestSpotFleet"}:             {"requestParameters.spotFleetRequestConfig.launchSpecifications.instanceType", "requestParameters.spotFleetRequestConfig.launchTemplateConfigs.overrides.instanceType"},
	{"ec2.amazonaws.com", "CreateFleet"}:                  {"requestParameters.CreateFleetRequest.LaunchTemplateConfigs.Overrides.InstanceType", "responseElements.CreateFleetResponse.fleetInstanceSet.item.instanceType"},
	{"sagemaker.amazonaws.com", "CreateNotebookInstance"}: {"requestParameters.instanceType"},
	{"sagemaker.amazonaws.com", "CreateTrainingJob"}:      {"requestParameters.resourceConfig.instanceType", "requestParameters.resourceConfig.instanceGroups.instanceType"},
	{"sagemaker.amazonaws.com", "CreateProcessingJob"}:    {"requestParameters.processingResources.clusterConfig.instanceType"},
	{"sagemaker.amazonaws.com", "CreateEndpointConfig"}:   {"requestParameters.productionVariants.instanceType"},
	{"elasticmapreduce.amazonaws.com", "RunJobFlow"}:      {"requestParameters.instances.masterInstanceType", "requestParameters.instances.slaveInstanceType", "requestParameters.instances.instanceGroups.instanceType"},
}

func (l *launches) Wants(a *Activity) bool {
	switch a.Name {
	case "RunInstances", "RequestSpotInstances", "RequestSpotFleet", "CreateFleet", "CreateNotebookInstance", "CreateTrainingJob", "CreateProcessingJob", "CreateEndpointConfig", "RunJobFlow":
		return accountOf(a) != "" && inTime(a.Time) && (a.Error == "" || atLimit(a.Error))
	}
	return telling(a.Time)
}

// telling picks one second of each minute: its events, whatever they are, tell that
// time goes by. Launches alone are too few to know for how long one has watched.
func telling(t time.Time) bool { return t.Unix()%60 == 0 && inTime(t) }

// atLimit tells whether a launch failed because so much was asked for: the attempt
// says enough.
func atLimit(code string) bool {
	code = strings.TrimPrefix(code, "Client.")
	switch code {
	case "VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "PendingVerification", "ResourceLimitExceeded":
		return true
	}
	return false
}

func (l *launches) Observe(a *Activity, yield func(Signal)) {
	l.watch.see(a.Time)
	paths, ok := launchTypes[who{a.Service, a.Name}]
	if !ok || accountOf(a) == "" || a.Error != "" && !atLimit(a.Error) {
		return
	}
	l.accounts.at(a.Time)
	r := l.accounts.take(who{accountOf(a), ""})
	first := r.value.events == 0
	grown := l.memory.meet(&r.value, a.Time)
	day := dayOf(a.Time)
	var found []string
	if a.Region != "" {
		_, noted, more := l.memory.note(&r.value, hash(1, a.Region), day)
		grown += more
		if !noted && !first && l.warm(a.Time) && a.Time.Unix()-r.value.since >= l.memory.warmUp {
			found = append(found, "in "+a.Region+", where it never started any")
		}
	}
	for _, kind := range special(a, paths) {
		_, noted, more := l.memory.note(&r.value, hash(0, kind), day)
		grown += more
		if !noted && l.warm(a.Time) {
			found = append(found, "of the kind "+kind+", which it never used")
		}
	}
	l.accounts.grow(r, grown)
	if len(found) > 0 && !byAWS(a) {
		s := single(a, fmt.Sprintf("%s started machines in account %s (%s) %s", orElse(a.Principal, "somebody"), accountOf(a), label(a.Service, a.Name), strings.Join(found, " and ")))
		if len(found) > 1 {
			s.Steps = 1
		}
		if a.Error != "" {
			s.Message += "; it failed with " + a.Error
		}
		yield(s)
	}
}

func (l *launches) warm(t time.Time) bool { return t.Unix()-l.watch.since >= l.memory.warmUp }

// special gives the families of the machines asked for that have graphics or other
// accelerators, or are very large.
func special(a *Activity, paths []string) (kinds []string) {
	if a.Record == nil {
		return nil
	}
	for _, path := range paths {
		for _, text := range a.Record.Texts(path) {
			family, size, ok := strings.Cut(strings.TrimPrefix(text, "ml."), ".")
			if ok && len(family) <= 32 && (accelerated(family) || large(size)) && len(kinds) < 20 {
				kinds = append(kinds, family)
			}
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// accelerated tells whether a family of machines has graphics processors or chips for
// machine learning: p5, g6e, trn1, inf2, dl1, vt1, f1. Source: EC2 instance types guide,
// "Accelerated computing instances".
func accelerated(family string) bool {
	end := strings.IndexAny(family, "0123456789")
	if end < 0 {
		end = len(family)
	}
	switch family[:end] {
	case "p", "g", "gr", "trn", "inf", "dl", "vt", "f":
		return end < len(family)
	}
	return false
}

func large(size string) bool {
	if strings.HasPrefix(size, "metal") {
		return true
	}
	n, ok := strings.CutSuffix(size, "xlarge")
	times, err := strconv.Atoi(n)
	return ok && err == nil && times >= 16
}

// Advance tells that time goes by also where no machines are started.
func (l *launches) Advance(at time.Time, _ func(Signal)) {
	if inTime(at) {
		l.watch.see(at)
	}
}

func (l *launches) Lacks() (string, bool) {
	if n := l.accounts.forgotten; n > 0 {
		return fmt.Sprintf("it forgot %d accounts for want of room; params.accounts is %d", n, l.most), false
	}
	return "", false
}

func (l *launches) Cold() string { return l.watch.cold(l.memory.warmUp) }

func (l *launches) Save() ([]byte, error) {
	return save("unusual-compute", "", func(w *writer) {
		l.watch.save(w)
		l.accounts.save(w, saveProfile)
	}), nil
}

func (l *launches) Load(data []byte) error {
	var seen watch
	accounts := newTable[profile](l.accounts.most, l.accounts.mostSize)
	err := load(data, "unusual-compute", "", func(r *loader) {
		seen.load(r)
		accounts.load(r, loadProfile)
	})
	if err == nil {
		l.watch, l.accounts = seen, accounts
	}
	return err
}
