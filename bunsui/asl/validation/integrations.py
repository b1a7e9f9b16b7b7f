"""What Task states may call: optimised integrations, their actions and patterns, and SDK services.

Source: "Integrating services" of the developer guide, and the service names of AWS SDK for Java 2.
"""

from __future__ import annotations

REQUEST = ""
SYNC = ".sync"
SYNC2 = ".sync:2"
TOKEN = ".waitForTaskToken"  # noqa: S105 - the suffix of an ARN

_SERVICES = """
apigateway        invoke:r,t
athena            startQueryExecution:r,s stopQueryExecution getQueryExecution getQueryResults
batch             submitJob:r,s,t
bedrock           invokeModel createModelCustomizationJob:r,s
codebuild         startBuild:r,s stopBuild batchDeleteBuilds batchGetReports startBuildBatch:r,s
codebuild         retryBuildBatch:r,s deleteBuildBatch stopBuildBatch
databrew          startJobRun:r,s
dynamodb          getItem putItem deleteItem updateItem
ecs               runTask:r,s,t
eks               createCluster:r,s deleteCluster:r,s createNodegroup:r,s deleteNodegroup:r,s call
eks               createFargateProfile:r,s deleteFargateProfile:r,s runJob:r,s
elasticmapreduce  createCluster:r,s terminateCluster:r,s addStep:r,s cancelStep
elasticmapreduce  setClusterTerminationProtection modifyInstanceFleetByName modifyInstanceGroupByName
emr-containers    createVirtualCluster deleteVirtualCluster:r,s startJobRun:r,s
emr-serverless    createApplication:r,s startApplication:r,s stopApplication:r,s deleteApplication:r,s
emr-serverless    startJobRun:r,s cancelJobRun:r,s
events            putEvents:r,t
glue              startJobRun:r,s
http              invoke
lambda            invoke:r,t
mediaconvert      createJob:r,s
sagemaker         createEndpoint createEndpointConfig createHyperParameterTuningJob:r,s createLabelingJob:r,s
sagemaker         createModel createProcessingJob:r,s createTrainingJob:r,s createTransformJob:r,s
sagemaker         updateEndpoint
sns               publish:r,t
sqs               sendMessage:r,t
states            startExecution:r,s,s2,t
"""
_PATTERNS = {"r": REQUEST, "s": SYNC, "s2": SYNC2, "t": TOKEN}


def _table() -> dict[str, dict[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for line in _SERVICES.strip().splitlines():
        service, *actions = line.split()
        for action in actions:
            name, _, patterns = action.partition(":")
            found.setdefault(service, {})[name] = frozenset(
                _PATTERNS[p] for p in (patterns or "r").split(",")
            )
    return found


OPTIMISED = _table()
"""Service, then action, then the patterns that it may be called with."""

_PARAMETERS = """
athena:startQueryExecution QueryString! ClientRequestToken QueryExecutionContext ResultConfiguration WorkGroup
    ExecutionParameters ResultReuseConfiguration EngineConfiguration
athena:stopQueryExecution QueryExecutionId!
athena:getQueryExecution QueryExecutionId!
athena:getQueryResults QueryExecutionId! NextToken MaxResults QueryResultType
batch:submitJob JobName! JobQueue! JobDefinition! ShareIdentifier SchedulingPriorityOverride ArrayProperties
    DependsOn Parameters ContainerOverrides NodeOverrides RetryStrategy PropagateTags Timeout Tags
    EksPropertiesOverride EcsPropertiesOverride ConsumableResourcePropertiesOverride
dynamodb:getItem TableName! Key! AttributesToGet ConsistentRead ReturnConsumedCapacity ProjectionExpression
    ExpressionAttributeNames
dynamodb:putItem TableName! Item! Expected ReturnValues ReturnConsumedCapacity ReturnItemCollectionMetrics
    ConditionalOperator ConditionExpression ExpressionAttributeNames ExpressionAttributeValues
    ReturnValuesOnConditionCheckFailure
dynamodb:deleteItem TableName! Key! Expected ConditionalOperator ReturnValues ReturnConsumedCapacity
    ReturnItemCollectionMetrics ConditionExpression ExpressionAttributeNames ExpressionAttributeValues
    ReturnValuesOnConditionCheckFailure
dynamodb:updateItem TableName! Key! AttributeUpdates Expected ConditionalOperator ReturnValues
    UpdateExpression ReturnConsumedCapacity
    ReturnItemCollectionMetrics ConditionExpression ExpressionAttributeNames
    ExpressionAttributeValues ReturnValuesOnConditionCheckFailure
ecs:runTask TaskDefinition! CapacityProviderStrategy Cluster Count EnableECSManagedTags EnableExecuteCommand
    Group LaunchType NetworkConfiguration Overrides PlacementConstraints PlacementStrategy PlatformVersion
    PropagateTags ReferenceId StartedBy Tags ClientToken VolumeConfigurations
events:putEvents Entries! EndpointId
glue:startJobRun JobName! JobRunQueuingEnabled JobRunId Arguments AllocatedCapacity Timeout MaxCapacity
    SecurityConfiguration NotificationProperty WorkerType NumberOfWorkers ExecutionClass
    ExecutionRoleSessionPolicy
http:invoke ApiEndpoint! Method! Authentication InvocationConfig Headers QueryParameters RequestBody Transform
lambda:invoke FunctionName! Payload Qualifier InvocationType LogType ClientContext
    DurableExecutionName TenantId
sns:publish Message TopicArn TargetArn PhoneNumber Subject MessageStructure MessageAttributes
    MessageDeduplicationId MessageGroupId
sqs:sendMessage QueueUrl! MessageBody! DelaySeconds MessageAttributes MessageSystemAttributes
    MessageDeduplicationId MessageGroupId
states:startExecution StateMachineArn! Input Name TraceHeader
"""


def _parameters() -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for entry in _PARAMETERS.strip().replace("\n    ", " ").splitlines():
        call, *names = entry.split()
        found[call] = {name.removesuffix("!"): name.endswith("!") for name in names}
    return found


PARAMETERS = _parameters()
"""For ``service:action`` the parameters of the call, and whether it cannot do without them."""

SDK_SERVICES = frozenset(
    """
accessanalyzer account accountaccess accountaccessruntime acm acmpca agentregistry agentregistrycontrol
aiops alexaforbusiness amp amplify amplifybackend amplifyuibuilder apigateway apigatewaymanagementapi
apigatewayv2 appconfig appconfigdata appfabric appflow appintegrations applicationautoscaling
applicationcostprofiler applicationdiscoveryservice applicationinsights applicationsignals appmesh apprunner
appstream appsync arcregionswitch arczonalshift artifact athena auditmanager autoscaling autoscalingplans
b2bi backup backupgateway backupsearch backupstorage batch bcmdashboards bcmdataexports bcmpricingcalculator
bcmrecommendedactions bedrock bedrockagent bedrockagentcore bedrockagentcorecontrol bedrockagentruntime
bedrockdataautomation bedrockdataautomationruntime bedrockruntime billing billingconductor braket budgets
chatbot chime chimesdkidentity chimesdkmediapipelines chimesdkmeetings chimesdkmessaging chimesdkvoice
cleanrooms cleanroomsml cloud9 cloudcontrol clouddirectory cloudformation cloudfront cloudfrontkeyvaluestore
cloudhsm cloudhsmv2 cloudsearch cloudsearchdomain cloudtrail cloudtraildata cloudwatch cloudwatchlogs
cloudwatchomni codeartifact codebuild codecatalyst codecommit codeconnections codedeploy codeguruprofiler
codegurureviewer codegurusecurity codepipeline codestar codestarconnections codestarnotifications
cognitoidentity cognitoidentityprovider cognitosync comprehend comprehendmedical computeoptimizer
computeoptimizerautomation config configservice connect connectcampaigns connectcampaignsv2 connectcases
connectcontactlens connecthealth connectparticipant connectscheduling continuum controlcatalog controltower
costandusagereportservice costexplorer costoptimizationhub customerprofiles databasemigration
databasemigrationservice databrew dataexchange datapipeline datasync datazone dax deadline detective
devicefarm devopsagent devopsguru directconnect directoryservice directoryservicedata dlm docdb docdbelastic
drs dsql dynamodb dynamodbstreams ebs ec2 ec2instanceconnect ecr ecrpublic ecs efs eks eksauth elasticache
elasticbeanstalk elasticinference elasticloadbalancing elasticloadbalancingv2 elasticsearchservice
elastictranscoder elementalinference emr emrcontainers emrserverless endusermessaging entityresolution
eventbridge eventbridgev2 evidently evs firehose fis fms forecast forecastquery frauddetector freetier fsx
gamelift gameliftstreams gamesparks geomaps geoplaces georoutes glacier globalaccelerator glue grafana
greengrass greengrassv2 groundstation guardduty health healthlake honeycode iam iamtoolbox identitystore
imagebuilder importexport inspector inspector2 inspectorscan interconnect internetmonitor invoicing iot
iot1clickdevices iot1clickprojects iotanalytics iotdataplane iotdeviceadvisor iotevents ioteventsdata
iotfleetwise iotjobsdataplane iotmanagedintegrations iotroborunner iotsecuretunneling iotsitewise
iotthingsgraph iottwinmaker iotwireless ivs ivschat ivsrealtime kafka kafkaconnect kendra kendraranking
keyspaces keyspacesstreams kinesis kinesisanalytics kinesisanalyticsv2 kinesisvideo
kinesisvideoarchivedmedia kinesisvideomedia kinesisvideosignaling kinesisvideowebrtcstorage kms
lakeformation lambda lambdacore lambdamicrovms lambdaweb launchwizard lexmodelbuildingservice lexmodelsv2
lexruntimeservice lexruntimev2 licensemanager licensemanagerlinuxsubscriptions
licensemanagerusersubscriptions lightsail location lookoutequipment lookoutmetrics lookoutvision m2
machinelearning macie macie2 mailmanager managedblockchain managedblockchainquery marketplaceagreement
marketplacecatalog marketplacecommerceanalytics marketplacedeployment marketplacediscovery
marketplaceentitlementservice marketplacemetering marketplacereporting mediaconnect mediaconvert medialive
mediapackage mediapackagev2 mediapackagevod mediastore mediastoredata mediatailor medicalimaging memorydb
mgn migrationhub migrationhubconfig migrationhuborchestrator migrationhubrefactorspaces migrationhubstrategy
mobile mpa mq mturk mwaa mwaaserverless neptune neptunedata neptunegraph networkfirewall networkflowmonitor
networkmanager networkmonitor networksecuritymanager nimble notifications notificationscontacts novaact oam
observabilityadmin odb omics opensearch opensearchmemory opensearchserverless opsworks opsworkscm
organizations osis outposts partnercentralaccount partnercentralbenefits partnercentralchannel
partnercentralrevenuemeasurement partnercentralselling paymentcryptography paymentcryptographydata
pcaconnectorad pcaconnectorscep pcs personalize personalizeevents personalizeruntime pi pinpoint
pinpointemail pinpointsmsvoice pinpointsmsvoicev2 pipes polly pricing pricingplanmanager privatenetworks
proton qapps qbusiness qconnect qldb qldbsession quicksight ram rbin rds rdsdata redshift redshiftdata
redshiftserverless rekognition repostspace resiliencehub resiliencehubv2 resourceexplorer2 resourcegroups
resourcegroupstaggingapi robomaker rolesanywhere route53 route53domains route53globalresolver
route53profiles route53recoverycluster route53recoverycontrolconfig route53recoveryreadiness route53resolver
rtbfabric rum s3 s3control s3files s3outposts s3tables s3vectors sagemaker sagemakera2iruntime sagemakeredge
sagemakerfeaturestoreruntime sagemakergeospatial sagemakerinferencerouterruntime sagemakerjobruntime
sagemakermetrics sagemakerruntime sagemakertrainingsessionruntime savingsplans scheduler schemas
secretsmanager securityagent securityhub securityir securitylake serverlessapplicationrepository
servicecatalog servicecatalogappregistry servicediscovery servicequotas ses sesv2 sfn shield signer
signerdata signin simpledb simpledbv2 simspaceweaver sms snowball snowdevicemanagement sns socialmessaging
sqs ssm ssmcontacts ssmguiconnect ssmincidents ssmquicksetup ssmsap sso ssoadmin ssooidc storagegateway sts
supplychain support supportapp supportauthz sustainability swf synthetics taxsettings textract
timestreaminfluxdb timestreamquery timestreamwrite transcribe transfer translate trustedadvisor uxc
verifiedpermissions voiceid vpclattice waf wafregional wafv2 wellarchitected wickr wisdom workdocs worklink
workmail workmailmessageflow workspaces workspacesinstances workspacesthinclient workspacesweb xray
""".split()
)
"""Names after ``aws-sdk:``. AWS adds to them, so that another name is doubtful, not wrong."""
