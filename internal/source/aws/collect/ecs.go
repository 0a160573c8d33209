package collect

import (
	"context"
	"fmt"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func ecsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "ecs", Service: "ecs", Scope: aws.Regional,
		Types:   []string{"AWS::ECS::Cluster", "AWS::ECS::Service", "AWS::ECS::TaskDefinition"},
		Collect: collectECS,
	}, "ecs", "ListClusters", "DescribeClusters", "ListServices", "DescribeServices", "ListTaskDefinitionFamilies", "DescribeTaskDefinition")
}

func collectECS(ctx context.Context, s *aws.Session) error {
	client := ecs.NewFromConfig(s.Config)
	var clusters []string
	err := aws.Pages(ctx, s, "ecs", "ListClusters", client.ListClusters, &ecs.ListClustersInput{MaxResults: sdk.Int32(100)},
		func(in *ecs.ListClustersInput, out *ecs.ListClustersOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ecs.ListClustersOutput) error { clusters = append(clusters, out.ClusterArns...); return nil })
	unlisted(s, err, "AWS::ECS::Cluster", "AWS::ECS::Service")
	for batch := range slices.Chunk(clusters, 100) {
		unlisted(s, readClusters(ctx, s, client, batch), "AWS::ECS::Cluster")
	}
	err = aws.Each(ctx, clusters, func(ctx context.Context, cluster string) error {
		unlisted(s, readServices(ctx, s, client, cluster), "AWS::ECS::Service")
		return nil
	})
	if err != nil {
		return err
	}
	unlisted(s, readTaskDefinitions(ctx, s, client), "AWS::ECS::TaskDefinition")
	return nil
}

func readClusters(ctx context.Context, s *aws.Session, client *ecs.Client, arns []string) error {
	out, err := aws.Call(ctx, s, "ecs", "DescribeClusters", client.DescribeClusters, &ecs.DescribeClustersInput{
		Clusters: arns, Include: []types.ClusterField{types.ClusterFieldConfigurations, types.ClusterFieldSettings, types.ClusterFieldTags},
	})
	if err != nil {
		return err
	}
	missed(s, "DescribeClusters", "AWS::ECS::Cluster", out.Failures)
	for _, c := range out.Clusters {
		if text(c.Status) != "INACTIVE" { // a deleted cluster stays discoverable for a while
			clusterDraft(s, c).emit()
		}
	}
	return nil
}

// missed records what a batched read left out. A thing that is gone since it
// was listed ("MISSING") is no gap.
func missed(s *aws.Session, operation, typ string, failures []types.Failure) {
	for _, f := range failures {
		if text(f.Reason) != "MISSING" {
			s.Gap("ecs", operation, fmt.Errorf("%s: %s", text(f.Arn), text(f.Reason)), []string{typ}, "")
		}
	}
}

func clusterDraft(s *aws.Session, c types.Cluster) *draft {
	d := newDraft(s, "AWS::ECS::Cluster", text(c.ClusterName), text(c.ClusterArn))
	d.pick(c, "CapacityProviders", "ClusterName", "DefaultCapacityProviderStrategy", "Configuration")
	d.nest("ServiceConnectDefaults", c.ServiceConnectDefaults, "Namespace")
	d.put("ClusterSettings", c.Settings)
	d.observe("Status", c.Status)
	d.tagged(c.Tags)
	return d
}

func readServices(ctx context.Context, s *aws.Session, client *ecs.Client, cluster string) error {
	var arns []string
	err := aws.Pages(ctx, s, "ecs", "ListServices", client.ListServices, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: sdk.Int32(100)},
		func(in *ecs.ListServicesInput, out *ecs.ListServicesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ecs.ListServicesOutput) error { arns = append(arns, out.ServiceArns...); return nil })
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(arns, 10) {
		out, err := aws.Call(ctx, s, "ecs", "DescribeServices", client.DescribeServices, &ecs.DescribeServicesInput{
			Cluster: &cluster, Services: batch, Include: []types.ServiceField{types.ServiceFieldTags},
		})
		if err != nil {
			return err
		}
		missed(s, "DescribeServices", "AWS::ECS::Service", out.Failures)
		for _, service := range out.Services {
			serviceDraft(s, service).emit()
		}
	}
	return nil
}

func serviceDraft(s *aws.Session, v types.Service) *draft {
	d := newDraft(s, "AWS::ECS::Service", text(v.ServiceArn)+"|"+text(v.ClusterArn), text(v.ServiceArn))
	d.pick(v, "AvailabilityZoneRebalancing", "CapacityProviderStrategy", "DesiredCount", "EnableECSManagedTags", "EnableExecuteCommand",
		"HealthCheckGracePeriodSeconds", "LaunchType", "PlacementConstraints", "PlatformVersion", "PropagateTags", "SchedulingStrategy",
		"ServiceName", "ServiceRegistries", "TaskDefinition")
	d.put("Cluster", v.ClusterArn)
	d.put("PlacementStrategies", v.PlacementStrategy)
	d.put("Role", v.RoleArn)
	d.nest("DeploymentController", v.DeploymentController, "Type")
	d.nest("DeploymentConfiguration", v.DeploymentConfiguration, "Alarms", "BakeTimeInMinutes", "DeploymentCircuitBreaker", "MaximumPercent", "MinimumHealthyPercent", "Strategy")
	d.list("LoadBalancers", each(v.LoadBalancers, func(b types.LoadBalancer) any {
		return nested(picked(b, "ContainerName", "ContainerPort", "LoadBalancerName", "TargetGroupArn"))
	}))
	if v.NetworkConfiguration != nil {
		if inner := picked(v.NetworkConfiguration.AwsvpcConfiguration, "AssignPublicIp", "SecurityGroups", "Subnets"); inner != nil {
			d.p["NetworkConfiguration"] = map[string]any{"AwsvpcConfiguration": inner}
		}
	}
	for _, deployment := range v.Deployments {
		if text(deployment.Status) == "PRIMARY" {
			d.nest("ServiceConnectConfiguration", deployment.ServiceConnectConfiguration, "Enabled", "Namespace")
			d.list("VolumeConfigurations", each(deployment.VolumeConfigurations, serviceVolume))
		}
	}
	d.observe("Status", v.Status)
	d.tagged(v.Tags)
	return d
}

func serviceVolume(v types.ServiceVolumeConfiguration) any {
	m := map[string]any{"Name": text(v.Name)}
	if inner := picked(v.ManagedEBSVolume, "Encrypted", "FilesystemType", "Iops", "KmsKeyId", "RoleArn", "SizeInGiB", "SnapshotId", "Throughput", "VolumeType"); inner != nil {
		m["ManagedEBSVolume"] = inner
	}
	return m
}

// readTaskDefinitions reads the latest active revision of each family: the one
// that a new task gets.
func readTaskDefinitions(ctx context.Context, s *aws.Session, client *ecs.Client) error {
	in := &ecs.ListTaskDefinitionFamiliesInput{Status: types.TaskDefinitionFamilyStatusActive, MaxResults: sdk.Int32(100)}
	return aws.Pages(ctx, s, "ecs", "ListTaskDefinitionFamilies", client.ListTaskDefinitionFamilies, in,
		func(in *ecs.ListTaskDefinitionFamiliesInput, out *ecs.ListTaskDefinitionFamiliesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *ecs.ListTaskDefinitionFamiliesOutput) error {
			return aws.Each(ctx, out.Families, func(ctx context.Context, family string) error {
				readTaskDefinition(ctx, s, client, family)
				return nil
			})
		})
}

func readTaskDefinition(ctx context.Context, s *aws.Session, client *ecs.Client, family string) {
	out, err := aws.Call(ctx, s, "ecs", "DescribeTaskDefinition", client.DescribeTaskDefinition, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &family, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	switch {
	case err != nil:
		// Its ARN, and so its id, is not known: that is a gap in the listing.
		unlisted(s, err, "AWS::ECS::TaskDefinition")
	case out.TaskDefinition != nil:
		d := taskDraft(s, *out.TaskDefinition)
		d.tagged(out.Tags)
		d.emit()
	}
}

func taskDraft(s *aws.Session, t types.TaskDefinition) *draft {
	d := newDraft(s, "AWS::ECS::TaskDefinition", text(t.TaskDefinitionArn), text(t.TaskDefinitionArn))
	d.pick(t, "Cpu", "EnableFaultInjection", "ExecutionRoleArn", "Family", "IpcMode", "Memory", "NetworkMode", "PidMode", "PlacementConstraints",
		"RequiresCompatibilities", "TaskRoleArn")
	d.nest("EphemeralStorage", t.EphemeralStorage, "SizeInGiB")
	d.nest("RuntimePlatform", t.RuntimePlatform, "CpuArchitecture", "OperatingSystemFamily")
	if p := t.ProxyConfiguration; p != nil {
		m := map[string]any{}
		copyFields(m, p, []string{"ContainerName", "Type"})
		set(m, "ProxyConfigurationProperties", value(p.Properties))
		d.object("ProxyConfiguration", m)
	}
	d.list("ContainerDefinitions", each(t.ContainerDefinitions, containerDefinition))
	d.list("Volumes", each(t.Volumes, taskVolume))
	return d
}

func containerDefinition(c types.ContainerDefinition) any {
	m := shape(c, map[string]string{"Environment": "", "LogConfiguration": "", "FirelensConfiguration": ""})
	if c.Cpu == 0 {
		delete(m, "Cpu") // no reservation
	}
	if len(c.Environment) > 0 {
		m["Environment"] = each(c.Environment, func(v types.KeyValuePair) any {
			return map[string]any{"Name": text(v.Name), "Value": hidden("environment values are not collected")}
		})
	}
	if l := c.LogConfiguration; l != nil {
		inner := map[string]any{"LogDriver": string(l.LogDriver)}
		set(inner, "SecretOptions", value(l.SecretOptions))
		if len(l.Options) > 0 {
			inner["Options"] = maskedOptions(l.Options)
		}
		m["LogConfiguration"] = inner
	}
	if f := c.FirelensConfiguration; f != nil {
		inner := map[string]any{"Type": string(f.Type)}
		if len(f.Options) > 0 {
			inner["Options"] = maskedOptions(f.Options)
		}
		m["FirelensConfiguration"] = inner
	}
	return m
}

// maskedOptions hides the options that hold credentials, such as splunk-token;
// the safe way to give them is SecretOptions.
func maskedOptions(options map[string]string) map[string]any {
	out := make(map[string]any, len(options))
	for name, v := range options {
		out[name] = v
		if aws.SecretOption(name, v) {
			out[name] = hidden("options that may hold credentials are not collected")
		}
	}
	return out
}

func taskVolume(v types.Volume) any {
	m := map[string]any{"Name": text(v.Name)}
	copyFields(m, v, []string{"ConfiguredAtLaunch"})
	if docker := v.DockerVolumeConfiguration; docker != nil {
		inner := map[string]any{}
		copyFields(inner, docker, []string{"Autoprovision", "Driver", "Labels", "Scope"})
		if len(docker.DriverOpts) > 0 {
			inner["DriverOpts"] = maskedOptions(docker.DriverOpts) // a CIFS mount has its password there
		}
		set(m, "DockerVolumeConfiguration", nested(inner))
	}
	if v.Host != nil {
		m["Host"] = shape(v.Host, nil) // an empty host is a volume of the task alone
	}
	if e := v.EfsVolumeConfiguration; e != nil {
		inner := map[string]any{"FilesystemId": text(e.FileSystemId)}
		copyFields(inner, e, []string{"RootDirectory", "TransitEncryption", "TransitEncryptionPort"})
		if a := e.AuthorizationConfig; a != nil {
			auth := map[string]any{}
			copyFields(auth, a, []string{"AccessPointId"})
			set(auth, "IAM", value(a.Iam))
			inner["AuthorizationConfig"] = auth
		}
		m["EFSVolumeConfiguration"] = inner
	}
	if f := picked(v.FsxWindowsFileServerVolumeConfiguration, "AuthorizationConfig", "FileSystemId", "RootDirectory"); f != nil {
		m["FSxWindowsFileServerVolumeConfiguration"] = f
	}
	return m
}
