package awsconfig

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// computeTypes: machines, functions, clusters and load balancers.
func computeTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::EC2::Instance": {adapt: instance,
			rename: map[string]string{"securitygroups": "", "networkinterfaces": "", "blockdevicemappings": "", "monitoring": "", "iaminstanceprofile": ""},
			sees: "Affinity AvailabilityZone CpuOptions EbsOptimized EnclaveOptions HibernationOptions HostId HostResourceGroupArn IamInstanceProfile ImageId " +
				"InstanceType Ipv6Addresses KernelId KeyName Monitoring NetworkInterfaces PlacementGroupName PrivateIpAddress RamdiskId SecurityGroupIds " +
				"SecurityGroups SourceDestCheck SubnetId Tenancy Volumes"},
		"AWS::EC2::Volume": {adapt: volume,
			sees: "AvailabilityZone Encrypted Iops KmsKeyId MultiAttachEnabled OutpostArn Size SnapshotId Throughput VolumeType"},
		"AWS::Lambda::Function": {id: byName, adapt: function, parts: []string{"AWS::Lambda::Permission"},
			rename: map[string]string{"layers": "", "environment": ""},
			sees: "Architectures DeadLetterConfig Description FileSystemConfigs FunctionName Handler KmsKeyArn Layers MemorySize PackageType Role Runtime " +
				"Timeout TracingConfig VpcConfig"},
		"AWS::ElasticLoadBalancingV2::LoadBalancer": {id: byARN, adapt: loadBalancer,
			rename: map[string]string{"loadbalancername": "Name", "securitygroups": ""}, sees: "IpAddressType Name Scheme SecurityGroups Subnets Type"},
		"AWS::ECR::Repository":     shapeOf(byName),
		"AWS::ECS::Cluster":        cluster("ClusterName"),
		"AWS::EKS::Cluster":        cluster("Name"),
		"AWS::ECS::TaskDefinition": shapeOf(byARN),
	}
}

// cluster is recorded in CloudFormation shape; its name is in the configuration.
func cluster(name string) mapping {
	return mapping{id: byName, sees: everything, adapt: func(d *draft) {
		if id, ok := d.get(name).(string); ok {
			d.id = id
		}
		d.observe("Status", d.get("ClusterStatus"))
		d.observe("Endpoint", d.get("Endpoint"))
	}}
}

func instance(d *draft) {
	if arn, ok := d.get("iamInstanceProfile", "arn").(string); ok {
		d.p["IamInstanceProfile"] = afterLast(arn, "/") // the schema wants the name
	}
	if state := unwrap(d.get("monitoring", "state"), "value"); state != nil {
		d.p["Monitoring"] = state == "enabled" || state == "pending"
	}
	groups := pluck(d.get("securityGroups"), "groupId")
	slices.SortFunc(groups, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	d.p["SecurityGroupIds"] = groups
	for from, to := range map[string]string{"affinity": "Affinity", "availabilityZone": "AvailabilityZone", "hostId": "HostId", "hostResourceGroupArn": "HostResourceGroupArn",
		"tenancy": "Tenancy", "groupName": "PlacementGroupName"} {
		set(d.p, to, unwrap(d.get("placement", from), "value"))
	}
	var interfaces, volumes []any
	for _, n := range objects(d.get("networkInterfaces")) {
		interfaces = append(interfaces, instanceInterface(n))
	}
	for _, b := range objects(d.get("blockDeviceMappings")) {
		if id := at(b, "ebs", "volumeId"); id != nil {
			volumes = append(volumes, map[string]any{"Device": field(b, "deviceName"), "VolumeId": id})
		}
	}
	set(d.p, "NetworkInterfaces", some(interfaces))
	set(d.p, "Volumes", some(volumes))
	d.observe("State", unwrap(d.get("state"), "name", "value"))
	d.observe("PublicIpAddress", d.get("publicIpAddress"))
	d.observe("PublicDnsName", d.get("publicDnsName"))
	d.observe("LaunchTime", when(d.get("launchTime")))
	d.observe("VpcId", d.get("vpcId"))
}

func instanceInterface(n map[string]any) map[string]any {
	p := pair(n, "Description", "NetworkInterfaceId", "PrivateIpAddress", "SubnetId")
	p["GroupSet"] = pluck(field(n, "groups"), "groupId")
	set(p, "DeleteOnTermination", at(n, "attachment", "deleteOnTermination"))
	if index, ok := at(n, "attachment", "deviceIndex").(int64); ok {
		p["DeviceIndex"] = strconv.FormatInt(index, 10)
	}
	// An address of one's own (an Elastic IP) is not "associated on launch".
	p["AssociatePublicIpAddress"] = at(n, "association", "ipOwnerId") == "amazon"
	return p
}

func volume(d *draft) {
	d.observe("State", unwrap(d.get("state"), "value"))
	if attachments, ok := d.get("attachments").([]any); ok {
		d.observe("Attachments", int64(len(attachments)))
	} else {
		d.observe("Attachments", int64(0))
	}
}

func function(d *draft) {
	set(d.p, "Layers", some(pluck(d.get("layers"), "arn")))
	if n := d.get("ephemeralStorage"); n == nil {
		d.p["EphemeralStorage"] = evidence.Unknown{Reason: unseen}
	}
	if v, told := d.more("Concurrency"); told {
		d.p["ReservedConcurrentExecutions"] = at(v, "reservedConcurrentExecutions") // nil is known not to be set; Coerce drops it
	}
	d.observe("LastModified", when(d.get("lastModified")))
	d.observe("State", unwrap(d.get("state"), "value"))
	permissions(d)
}

// permissions writes the statements of the function's policy as the permissions
// they were added as; where Config does not tell the policy, one that is unknown
// stands for any number of them.
func permissions(d *draft) {
	recorded, told := d.more("Policy")
	if m, ok := recorded.(map[string]any); ok && field(m, "Statement") == nil {
		recorded = field(m, "policy", "policyText")
	}
	doc := policy(recorded, "the function's policy")
	statements, ok := doc.(map[string]any)
	if !told || doc != nil && !ok {
		u := evidence.Unknown{Reason: unseen}
		d.part("AWS::Lambda::Permission", d.id+"|*", map[string]any{"FunctionName": d.id, "Action": u, "Principal": u, "SourceArn": u,
			"SourceAccount": u, "PrincipalOrgID": u, "FunctionUrlAuthType": u, "EventSourceToken": u, "InvokedViaFunctionUrl": u})
		return
	}
	list, ok := field(statements, "Statement").([]any)
	if one, single := field(statements, "Statement").(map[string]any); single && !ok {
		list = []any{one}
	}
	for i, s := range objects(list) {
		if field(s, "Effect") == "Allow" {
			permission(d, i, s)
		}
	}
}

func permission(d *draft, index int, s map[string]any) {
	sid, _ := field(s, "Sid").(string)
	sid = cmp.Or(sid, strconv.Itoa(index))
	n := 0
	for _, principal := range principals(field(s, "Principal")) {
		for _, action := range oneOrMany(field(s, "Action")) {
			id := d.id + "|" + sid
			if n++; n > 1 {
				id += "|" + strconv.Itoa(n)
			}
			p := map[string]any{"FunctionName": d.id, "Principal": principal, "Action": action}
			conditions(p, field(s, "Condition"))
			d.part("AWS::Lambda::Permission", id, p)
		}
	}
}

// conditions turns the keys a permission can have into its properties and keeps
// the rest, for the reader, under Observed.
func conditions(p map[string]any, condition any) {
	names := map[string]string{"aws:sourcearn": "SourceArn", "aws:sourceaccount": "SourceAccount", "aws:principalorgid": "PrincipalOrgID",
		"lambda:functionurlauthtype": "FunctionUrlAuthType", "lambda:invokedviafunctionurl": "InvokedViaFunctionUrl",
		"lambda:eventsourcetoken": "EventSourceToken"}
	operators, _ := condition.(map[string]any)
	rest := map[string]any{}
	for _, operator := range sortedKeys(operators) {
		m, _ := operators[operator].(map[string]any)
		for _, key := range sortedKeys(m) {
			v := m[key]
			name := names[strings.ToLower(key)]
			values := oneOrMany(v)
			if name == "" || len(values) != 1 || strings.Contains(operator, "Not") || strings.Contains(operator, "IfExists") {
				inner, _ := rest[operator].(map[string]any)
				if inner == nil {
					inner = map[string]any{}
				}
				inner[key] = v
				rest[operator] = inner
				continue
			}
			p[name] = values[0]
			if name == "EventSourceToken" {
				p[name] = evidence.Unknown{Reason: "the token is a secret and is not kept", Present: true}
			}
		}
	}
	if len(rest) > 0 {
		p["Observed"] = map[string]any{"Condition": rest}
	}
}

// principals lists the principals of a statement in the order of their kinds.
func principals(v any) []any {
	m, ok := v.(map[string]any)
	if !ok {
		return oneOrMany(v)
	}
	var out []any
	for _, kind := range []string{"AWS", "Service", "Federated", "CanonicalUser"} {
		out = append(out, oneOrMany(field(m, kind))...)
	}
	return out
}

func oneOrMany(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func loadBalancer(d *draft) {
	set(d.p, "SecurityGroups", some(pluck(d.get("securityGroups"), "value")))
	set(d.p, "Subnets", some(pluck(d.get("availabilityZones"), "subnetId")))
	for _, name := range []string{"LoadBalancerAttributes", "LoadBalancerAttribute"} {
		v, told := d.more(name)
		if !told {
			continue
		}
		var list []any
		for _, a := range objects(v) {
			list = append(list, pair(a, "Key", "Value"))
		}
		d.p["LoadBalancerAttributes"] = list
	}
	d.observe("VpcId", d.get("vpcId"))
	d.observe("State", d.get("state", "code"))
}
