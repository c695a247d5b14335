"""Breaks what the AWS and secrets rules demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.breakers.way import Breaker, Way, drop, gone, put, rewritten, several, statement
from mlctl.plan.model import Resource

ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PASS_ROLE = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
ANY_AWS = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
ANY_TOKEN = {"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/x"}, "Action": "sts:AssumeRoleWithWebIdentity"}
EKS = ("aws:eks/cluster:Cluster",)
REPOSITORY = ("aws:ecr/repository:Repository",)
KEY = ("aws:kms/key:Key",)
BUCKET_POLICY = ("aws:s3/bucketPolicy:BucketPolicy",)
GROUP = ("aws:ec2/securityGroup:SecurityGroup",)
GROUP_RULE = ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",)
TEMPLATE = ("aws:ec2/launchTemplate:LaunchTemplate",)
DATABASE = ("aws:rds/instance:Instance",)
ROLE = ("aws:iam/role:Role",)
IAM_POLICIES = ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy")
ENDPOINT = ("aws:sagemaker/endpoint:Endpoint",)
CONFIGURATION = ("aws:sagemaker/endpointConfiguration:EndpointConfiguration",)
MODEL = ("aws:sagemaker/model:Model",)
ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm",)
LOG_GROUP = ("aws:cloudwatch/logGroup:LogGroup",)
RELEASE = ("kubernetes:helm.sh/v3:Release",)
_OPEN_RULE = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}


def _on_instances(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    return any("serverlessConfig" not in variant for variant in resource.inputs.get("productionVariants", ()))


def _not_log_target(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    return not resource.name.startswith("logs-access")


def _with_password(resource: Resource) -> Resource:
    inputs = {key: value for key, value in resource.inputs.items() if key != "manageMasterUserPassword"}
    return replace(resource, inputs={**inputs, "password": "correct-horse"})


AWS: tuple[Breaker, ...] = (
    Breaker(
        "aws-eks-endpoint-private",
        EKS,
        (
            several({"vpcConfig.endpointPublicAccess": True, "vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]}),
            drop("vpcConfig.endpointPublicAccess"),
        ),
    ),
    Breaker(
        "aws-eks-secrets-encrypted",
        EKS,
        (drop("encryptionConfig"), put("encryptionConfig.resources", []), drop("encryptionConfig.provider.keyArn")),
    ),
    Breaker(
        "aws-eks-control-plane-logs",
        EKS,
        (put("enabledClusterLogTypes", ["api"]), put("enabledClusterLogTypes", ["audit", "api"]), drop("enabledClusterLogTypes")),
    ),
    Breaker("aws-eks-zones-several", EKS, (put("vpcConfig.subnetIds", ["subnet-1"]), put("vpcConfig.subnetIds", []))),
    Breaker("aws-ecr-tags-immutable", REPOSITORY, (put("imageTagMutability", "MUTABLE"), drop("imageTagMutability"))),
    Breaker("aws-ecr-scanned", REPOSITORY, (put("imageScanningConfiguration.scanOnPush", False), drop("imageScanningConfiguration"))),
    Breaker(
        "aws-ecr-own-key",
        REPOSITORY,
        (
            drop("encryptionConfigurations"),
            put("encryptionConfigurations.*.encryptionType", "AES256"),
            drop("encryptionConfigurations.*.kmsKey"),
        ),
    ),
    Breaker("aws-kms-rotated", KEY, (put("enableKeyRotation", False), drop("enableKeyRotation"))),
    Breaker("aws-kms-deletion-delayed", KEY, (put("deletionWindowInDays", 7),)),
    Breaker("aws-kms-policy-closed", KEY, (statement("policy", ANYONE),)),
    Breaker(
        "aws-s3-public-access-blocked",
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        (gone(), put("blockPublicAcls", False), put("restrictPublicBuckets", False)),
    ),
    Breaker(
        "aws-s3-own-key",
        ("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",),
        (gone(), put("rules.*.applyServerSideEncryptionByDefault.sseAlgorithm", "AES256")),
        when=_not_log_target,
    ),
    Breaker(
        "aws-s3-tls-only",
        BUCKET_POLICY,
        (gone(), rewritten("policy", "aws:SecureTransport", "aws:MultiFactorAuthPresent"), rewritten("policy", '"Deny"', '"Allow"')),
    ),
    Breaker(
        "aws-s3-versioned", ("aws:s3/bucketVersioning:BucketVersioning",), (gone(), put("versioningConfiguration.status", "Suspended"))
    ),
    Breaker("aws-s3-access-logged", ("aws:s3/bucketLogging:BucketLogging",), (gone(),)),
    Breaker("aws-s3-policy-closed", BUCKET_POLICY, (statement("policy", {**ANYONE, "Action": "s3:GetObject"}),)),
    Breaker("aws-security-group-closed", GROUP, (put("ingress", [_OPEN_RULE]), put("ingress", [{**_OPEN_RULE, "protocol": "-1"}]))),
    Breaker(
        "aws-security-group-closed",
        GROUP_RULE,
        (
            several({"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1"}),
            several({"cidrIpv6": "::/0", "ipProtocol": "tcp", "fromPort": 0, "toPort": 65535}),
        ),
    ),
    Breaker("aws-security-group-closed", ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",), (put("ingress", [_OPEN_RULE]),)),
    Breaker("aws-ec2-metadata-tokens", TEMPLATE, (put("metadataOptions.httpTokens", "optional"), drop("metadataOptions"))),
    Breaker(
        "aws-ec2-disk-encrypted",
        TEMPLATE,
        (put("blockDeviceMappings.*.ebs.encrypted", "false"), drop("blockDeviceMappings.*.ebs.encrypted")),
    ),
    Breaker("aws-ec2-address-private", TEMPLATE, (put("networkInterfaces", [{"associatePublicIpAddress": "true"}]),)),
    Breaker("aws-ec2-address-private", ("aws:ec2/subnet:Subnet",), (put("mapPublicIpOnLaunch", True),)),
    Breaker("aws-vpc-flow-logged", ("aws:ec2/flowLog:FlowLog",), (gone(), put("trafficType", "ACCEPT"))),
    Breaker("aws-vpc-default-group-closed", ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",), (gone(), put("egress", [_OPEN_RULE]))),
    Breaker("aws-rds-encrypted", DATABASE, (put("storageEncrypted", False), drop("storageEncrypted"), drop("kmsKeyId"))),
    Breaker("aws-rds-private", DATABASE, (put("publiclyAccessible", True),)),
    Breaker("aws-rds-backed-up", DATABASE, (put("backupRetentionPeriod", 0), drop("backupRetentionPeriod"))),
    Breaker("aws-rds-deletion-protected", DATABASE, (put("deletionProtection", False), drop("deletionProtection")), ("production",)),
    Breaker("aws-rds-zones-several", DATABASE, (put("multiAz", False), drop("multiAz")), ("production",)),
    Breaker("aws-rds-password-managed", DATABASE, (Way("password in the program", _with_password), drop("manageMasterUserPassword"))),
    Breaker("aws-efs-encrypted", ("aws:efs/fileSystem:FileSystem",), (put("encrypted", False), drop("kmsKeyId"))),
    Breaker("aws-sqs-encrypted", ("aws:sqs/queue:Queue",), (several({"kmsMasterKeyId": None, "sqsManagedSseEnabled": False}),)),
    Breaker("aws-sns-encrypted", ("aws:sns/topic:Topic",), (drop("kmsMasterKeyId"), put("kmsMasterKeyId", ""))),
    Breaker(
        "aws-messages-policy-closed",
        (
            "aws:sqs/queuePolicy:QueuePolicy",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:ecr/repositoryPolicy:RepositoryPolicy",
            "aws:secretsmanager/secretPolicy:SecretPolicy",
        ),
        (statement("policy", ANYONE),),
    ),
    Breaker("aws-log-group-encrypted", LOG_GROUP, (drop("kmsKeyId"),)),
    Breaker(
        "aws-dynamodb-recoverable", ("aws:dynamodb/table:Table",), (put("pointInTimeRecovery.enabled", False), drop("pointInTimeRecovery"))
    ),
    Breaker("aws-dynamodb-own-key", ("aws:dynamodb/table:Table",), (drop("serverSideEncryption"),)),
    Breaker("aws-secret-own-key", ("aws:secretsmanager/secret:Secret",), (drop("kmsKeyId"),)),
    Breaker(
        "aws-iam-actions-narrow", IAM_POLICIES, (statement("policy", EVERYTHING), statement("policy", {**EVERYTHING, "Action": ["s3:*"]}))
    ),
    Breaker(
        "aws-iam-no-escalation",
        IAM_POLICIES,
        (statement("policy", PASS_ROLE), statement("policy", {**PASS_ROLE, "Action": "iam:PutRolePolicy"})),
    ),
    Breaker("aws-iam-trust-narrow", ROLE, (statement("assumeRolePolicy", ANY_AWS),)),
    Breaker(
        "aws-iam-federation-narrow",
        ROLE,
        (
            statement("assumeRolePolicy", ANY_TOKEN),
            statement("assumeRolePolicy", {**ANY_TOKEN, "Condition": {"StringLike": {"x:sub": "repo:acme/*"}}}),
        ),
    ),
    Breaker("aws-sagemaker-endpoint-own-key", CONFIGURATION, (drop("kmsKeyArn"),), when=_on_instances),
    Breaker(
        "aws-sagemaker-data-captured",
        CONFIGURATION,
        (
            drop("dataCaptureConfig"),
            put("dataCaptureConfig.enableCapture", False),
            put("dataCaptureConfig.initialSamplingPercentage", 0),
            put("dataCaptureConfig.captureOptions", [{"captureMode": "Input"}]),
        ),
        when=_on_instances,
    ),
    Breaker(
        "aws-sagemaker-model-isolated",
        MODEL,
        (put("enableNetworkIsolation", False),),
        when=lambda resource, _: resource.inputs.get("enableNetworkIsolation") is True,
    ),
    Breaker("aws-sagemaker-model-in-vpc", MODEL, (drop("vpcConfig"),)),
    Breaker(
        "aws-sagemaker-notebook-private",
        ("aws:sagemaker/notebookInstance:NotebookInstance",),
        (put("directInternetAccess", "Enabled"), put("rootAccess", "Enabled")),
    ),
    Breaker(
        "aws-sagemaker-domain-private",
        ("aws:sagemaker/domain:Domain",),
        (put("appNetworkAccessType", "PublicInternetOnly"), drop("kmsKeyId")),
    ),
    Breaker(
        "aws-sagemaker-features-own-key",
        ("aws:sagemaker/featureGroup:FeatureGroup",),
        (drop("onlineStoreConfig.securityConfig"), drop("offlineStoreConfig.s3StorageConfig.kmsKeyId")),
    ),
    Breaker(
        "aws-sagemaker-rollback-automatic",
        ENDPOINT,
        (drop("deploymentConfig.autoRollbackConfiguration"), put("deploymentConfig.autoRollbackConfiguration.alarms", [])),
        ("production",),
    ),
    Breaker(
        "aws-sagemaker-endpoint-scaled",
        ("aws:appautoscaling/target:Target",),
        (gone(),),
        when=lambda resource, _: (
            "endpoint/" in str(resource.inputs.get("resourceId"))
            and "DesiredInstanceCount" in str(resource.inputs.get("scalableDimension"))
        ),
    ),
    Breaker(
        "aws-sagemaker-endpoint-alarmed",
        ALARM,
        (put("alarmActions", []),),
        when=lambda resource, _: resource.inputs.get("metricName") in ("ModelLatency", "Invocation5XXErrors"),
    ),
    Breaker("aws-lambda-url-authenticated", ("aws:lambda/functionUrl:FunctionUrl",), (put("authorizationType", "NONE"),)),
    Breaker("aws-lambda-permission-scoped", ("aws:lambda/permission:Permission",), (several({"sourceArn": None, "sourceAccount": None}),)),
    Breaker(
        "aws-lambda-environment-own-key",
        ("aws:lambda/function:Function",),
        (drop("kmsKeyArn"),),
        when=lambda resource, _: "environment" in resource.inputs,
    ),
    Breaker("aws-api-authorised", ("aws:apigatewayv2/route:Route",), (put("authorizationType", "NONE"), drop("authorizationType"))),
    Breaker("aws-api-logged", ("aws:apigatewayv2/stage:Stage",), (drop("accessLogSettings"),)),
    Breaker(
        "aws-api-throttled",
        ("aws:apigatewayv2/stage:Stage",),
        (drop("defaultRouteSettings"), put("defaultRouteSettings.throttlingRateLimit", 0)),
    ),
    Breaker(
        "aws-trail-complete",
        ("aws:cloudtrail/trail:Trail",),
        (put("isMultiRegionTrail", False), put("enableLogFileValidation", False), drop("kmsKeyId"), put("enableLogging", False)),
    ),
    Breaker("aws-nat-per-zone", ("aws:ec2/natGateway:NatGateway",), (gone(),), ("production",)),
    Breaker(
        "inputs-secret-free",
        ("aws:lambda/function:Function", "aws:sagemaker/model:Model"),
        (put("environment", {"variables": {"DB_PASSWORD": "correct-horse"}}),),
    ),
    Breaker("inputs-secret-free", RELEASE, (put("values.adminPassword", "correct-horse"), put("values.note", "AKIA" + "Q" * 16))),
    Breaker(
        "aws-iam-no-static-keys", ROLE, (Way("an IAM user in its place", lambda resource: replace(resource, type="aws:iam/user:User")),)
    ),
    Breaker("aws-lb-tls", ("aws:lb/listener:Listener",), (put("protocol", "HTTP"), put("sslPolicy", "ELBSecurityPolicy-2016-08"))),
)
