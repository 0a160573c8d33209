package activity

// passes are the calls that hand a role to a service: the action, where among the
// parameters the role stands, and to whom iam:PassedToService says it goes; - where
// AWS's documentation does not settle that. Parts of a path reach through lists.
// Sources: the services' user guides on the roles they take; Service Authorization
// Reference, dependent actions.
const passes = `
lambda:CreateFunction                 role                                                lambda.amazonaws.com
lambda:UpdateFunctionConfiguration    role                                                lambda.amazonaws.com
ecs:RegisterTaskDefinition            taskRoleArn                                         ecs-tasks.amazonaws.com
ecs:RegisterTaskDefinition            executionRoleArn                                    ecs-tasks.amazonaws.com
ecs:RunTask                           overrides.taskRoleArn                               ecs-tasks.amazonaws.com
ecs:RunTask                           overrides.executionRoleArn                          ecs-tasks.amazonaws.com
ecs:StartTask                         overrides.taskRoleArn                               ecs-tasks.amazonaws.com
ecs:CreateService                     role                                                ecs.amazonaws.com
cloudformation:CreateStack            roleARN                                             cloudformation.amazonaws.com
cloudformation:UpdateStack            roleARN                                             cloudformation.amazonaws.com
cloudformation:DeleteStack            roleARN                                             cloudformation.amazonaws.com
cloudformation:CreateChangeSet        roleARN                                             cloudformation.amazonaws.com
cloudformation:CreateStackSet         administrationRoleARN                               cloudformation.amazonaws.com
glue:CreateJob                        role                                                glue.amazonaws.com
glue:UpdateJob                        jobUpdate.role                                      glue.amazonaws.com
glue:CreateCrawler                    role                                                glue.amazonaws.com
glue:UpdateCrawler                    role                                                glue.amazonaws.com
glue:CreateDevEndpoint                roleArn                                             glue.amazonaws.com
glue:CreateSession                    role                                                glue.amazonaws.com
sagemaker:CreateNotebookInstance      roleArn                                             sagemaker.amazonaws.com
sagemaker:CreateTrainingJob           roleArn                                             sagemaker.amazonaws.com
sagemaker:CreateProcessingJob         roleArn                                             sagemaker.amazonaws.com
sagemaker:CreateModel                 executionRoleArn                                    sagemaker.amazonaws.com
sagemaker:CreateDomain                defaultUserSettings.executionRole                   sagemaker.amazonaws.com
sagemaker:CreatePipeline              roleArn                                             sagemaker.amazonaws.com
states:CreateStateMachine             roleArn                                             states.amazonaws.com
states:UpdateStateMachine             roleArn                                             states.amazonaws.com
events:PutRule                        roleArn                                             events.amazonaws.com
events:PutTargets                     targets.roleArn                                     events.amazonaws.com
scheduler:CreateSchedule              target.roleArn                                      scheduler.amazonaws.com
scheduler:UpdateSchedule              target.roleArn                                      scheduler.amazonaws.com
pipes:CreatePipe                      roleArn                                             pipes.amazonaws.com
codebuild:CreateProject               serviceRole                                         codebuild.amazonaws.com
codebuild:UpdateProject               serviceRole                                         codebuild.amazonaws.com
codepipeline:CreatePipeline           pipeline.roleArn                                    codepipeline.amazonaws.com
codepipeline:UpdatePipeline           pipeline.roleArn                                    codepipeline.amazonaws.com
codedeploy:CreateDeploymentGroup      serviceRoleArn                                      codedeploy.amazonaws.com
cloudtrail:CreateTrail                cloudWatchLogsRoleArn                               cloudtrail.amazonaws.com
cloudtrail:UpdateTrail                cloudWatchLogsRoleArn                               cloudtrail.amazonaws.com
config:PutConfigurationRecorder       configurationRecorder.roleARN                       config.amazonaws.com
ec2:CreateFlowLogs                    CreateFlowLogsRequest.DeliverLogsPermissionArn      vpc-flow-logs.amazonaws.com
eks:CreateCluster                     roleArn                                             eks.amazonaws.com
eks:CreateNodegroup                   nodeRole                                            -
eks:CreateFargateProfile              podExecutionRoleArn                                 -
elasticmapreduce:RunJobFlow           serviceRole                                         elasticmapreduce.amazonaws.com
rds:CreateDBInstance                  monitoringRoleArn                                   monitoring.rds.amazonaws.com
rds:ModifyDBInstance                  monitoringRoleArn                                   monitoring.rds.amazonaws.com
rds:AddRoleToDBInstance               roleArn                                             -
rds:AddRoleToDBCluster                roleArn                                             -
rds:StartExportTask                   iamRoleArn                                          -
redshift:CreateCluster                iamRoles                                            redshift.amazonaws.com
redshift:ModifyClusterIamRoles        addIamRoles                                         redshift.amazonaws.com
batch:RegisterJobDefinition           containerProperties.jobRoleArn                      ecs-tasks.amazonaws.com
batch:RegisterJobDefinition           containerProperties.executionRoleArn                ecs-tasks.amazonaws.com
batch:CreateComputeEnvironment        serviceRole                                         batch.amazonaws.com
ssm:SendCommand                       serviceRoleArn                                      -
ssm:RegisterTaskWithMaintenanceWindow serviceRoleArn                                      ssm.amazonaws.com
apigateway:PUT                        credentials                                         apigateway.amazonaws.com
cognito-identity:SetIdentityPoolRoles roles.authenticated                                 -
cognito-identity:SetIdentityPoolRoles roles.unauthenticated                               -
iot:CreateRoleAlias                   roleArn                                             credentials.iot.amazonaws.com
logs:PutSubscriptionFilter            roleArn                                             -
transfer:CreateUser                   role                                                transfer.amazonaws.com
transfer:CreateServer                 loggingRole                                         transfer.amazonaws.com
s3:PutReplicationConfiguration        ReplicationConfiguration.Role                       s3.amazonaws.com
dlm:CreateLifecyclePolicy             executionRoleArn                                    dlm.amazonaws.com
backup:CreateBackupSelection          backupSelection.iamRoleArn                          backup.amazonaws.com
backup:StartBackupJob                 iamRoleArn                                          backup.amazonaws.com
backup:StartRestoreJob                iamRoleArn                                          backup.amazonaws.com
apprunner:CreateService               instanceConfiguration.instanceRoleArn               tasks.apprunner.amazonaws.com
apprunner:CreateService               sourceConfiguration.authenticationConfiguration.accessRoleArn  build.apprunner.amazonaws.com
bedrock:CreateAgent                   agentResourceRoleArn                                bedrock.amazonaws.com
bedrock:CreateKnowledgeBase           roleArn                                             bedrock.amazonaws.com
bedrock-agentcore:CreateAgentRuntime  roleArn                                             bedrock-agentcore.amazonaws.com
rolesanywhere:CreateProfile           roleArns                                            rolesanywhere.amazonaws.com
rolesanywhere:UpdateProfile           roleArns                                            rolesanywhere.amazonaws.com
firehose:CreateDeliveryStream         extendedS3DestinationConfiguration.roleARN          firehose.amazonaws.com
firehose:CreateDeliveryStream         s3DestinationConfiguration.roleARN                  firehose.amazonaws.com
firehose:CreateDeliveryStream         kinesisStreamSourceConfiguration.roleARN            firehose.amazonaws.com
kinesisanalytics:CreateApplication    serviceExecutionRole                                kinesisanalytics.amazonaws.com
datapipeline:ActivatePipeline         role                                                -
airflow:CreateEnvironment             executionRoleArn                                    airflow.amazonaws.com
amplify:CreateApp                     iamServiceRoleArn                                   amplify.amazonaws.com
appsync:CreateDataSource              serviceRoleArn                                      appsync.amazonaws.com
autoscaling:PutLifecycleHook          roleARN                                             -
iam:AddRoleToInstanceProfile          roleName                                            ec2.amazonaws.com
`

// profiles are the calls that hand an instance profile, and with it its role, to
// Amazon EC2: the action and where the profile stands.
const profiles = `
ec2:RunInstances                             iamInstanceProfile
ec2:AssociateIamInstanceProfile              AssociateIamInstanceProfileRequest.IamInstanceProfile
ec2:ReplaceIamInstanceProfileAssociation     ReplaceIamInstanceProfileAssociationRequest.IamInstanceProfile
ec2:RequestSpotInstances                     launchSpecification.iamInstanceProfile
autoscaling:CreateLaunchConfiguration        iamInstanceProfile
elasticmapreduce:RunJobFlow                  jobFlowRole
`

// tagged are the calls that give tags at creation, and the action that needs
// besides, on the same resource.
const tagged = `
lambda:CreateFunction             lambda:TagResource
secretsmanager:CreateSecret       secretsmanager:TagResource
iam:CreateRole                    iam:TagRole
iam:CreateUser                    iam:TagUser
iam:CreatePolicy                  iam:TagPolicy
iam:CreateInstanceProfile         iam:TagInstanceProfile
iam:CreateOpenIDConnectProvider   iam:TagOpenIDConnectProvider
iam:CreateSAMLProvider            iam:TagSAMLProvider
rds:CreateDBInstance              rds:AddTagsToResource
rds:CreateDBCluster               rds:AddTagsToResource
rds:CreateDBSnapshot              rds:AddTagsToResource
rds:CreateDBSubnetGroup           rds:AddTagsToResource
logs:CreateLogGroup               logs:TagResource
kms:CreateKey                     kms:TagResource
sqs:CreateQueue                   sqs:TagQueue
sns:CreateTopic                   sns:TagResource
dynamodb:CreateTable              dynamodb:TagResource
ssm:PutParameter                  ssm:AddTagsToResource
ecr:CreateRepository              ecr:TagResource
cloudtrail:CreateTrail            cloudtrail:AddTags
events:PutRule                    events:TagResource
states:CreateStateMachine         states:TagResource
cloudwatch:PutMetricAlarm         cloudwatch:TagResource
sts:AssumeRole                    sts:TagSession
`
