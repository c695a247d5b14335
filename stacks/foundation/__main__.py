"""The foundation of one environment: keys, network, log buckets, account guards, alert topics, GitHub's roles.

Exports
-------
vpc_id, vpc_cidr, public_subnet_ids, private_subnet_ids, isolated_subnet_ids, private_route_table_ids,
s3_prefix_list_id
    The network; lists in the order of `network.zones`; the addresses of S3 for a security group.
data_key_arn, logs_key_arn, secrets_key_arn, ebs_key_arn, alerts_key_arn
    Customer-managed keys, one per kind of content.
platform_alerts_topic_arn, security_alerts_topic_arn, finops_alerts_topic_arn
    Encrypted topics that the owners receive.
access_log_bucket, log_archive_bucket
    Names of the bucket for S3 access logs and of the locked archive.
permissions_boundary_arn, preview_role_arn, deploy_role_arn
    What GitHub runs as, and the boundary of every role.
"""

from __future__ import annotations

import pulumi

from infra.account.alert_topics import AlertTopics, AlertTopicsArgs
from infra.account.defaults import AccountDefaults, AccountDefaultsArgs
from infra.account.keys import SharedKeys, SharedKeysArgs
from infra.account.log_buckets import LogBuckets, LogBucketsArgs
from infra.account.recorder import Recorder, RecorderArgs
from infra.account.threat_detection import ThreatDetection, ThreatDetectionArgs
from infra.account.trail import Trail, TrailArgs
from infra.context import BOUNDARY, Context
from infra.identity.github_access import GithubAccess, GithubAccessArgs
from infra.network.endpoints import Endpoints, EndpointsArgs
from infra.network.flow_log import FlowLog, FlowLogArgs
from infra.network.vpc import Vpc, VpcArgs
from infra.order import after

context = Context.start(service="foundation")
environment = context.environment
account, region, prefix = environment.account, environment.region, environment.prefix
security, network, owners = environment.security, environment.network, environment.owners
trail_arn = f"arn:aws:cloudtrail:{region}:{account}:trail/{prefix}"

github = GithubAccess(
    "github",
    GithubAccessArgs(
        prefix=prefix,
        boundary_name=f"{prefix}-{BOUNDARY}",
        repository=environment.repository,
        github_environment=environment.name,
        account=account,
        region=region,
        create_provider=security.github_oidc_provider,
        state_bucket=context.bucket_name("state"),
        state_key_alias=f"{prefix}-state",
    ),
    opts=context.options(),
)
# Every role names the boundary by its ARN, so everything that makes roles waits for it.
bounded = after(github.boundary, options=context.options())

keys = SharedKeys(
    "keys",
    SharedKeysArgs(
        prefix=prefix,
        account=account,
        region=region,
        trail_arn=trail_arn,
        deletion_window_days=security.kms_deletion_window_days,
    ),
    opts=context.options(),
)
topics = AlertTopics(
    "alerts",
    AlertTopicsArgs(
        platform_email=owners.platform,
        security_email=owners.security,
        finops_email=owners.finops,
        key_arn=keys.alerts.arn,
        account=account,
    ),
    opts=context.options(),
)
buckets = LogBuckets(
    "logs",
    LogBucketsArgs(
        archive_name=context.bucket_name("log-archive"),
        history_name=context.bucket_name("config-history"),
        access_name=context.bucket_name("access-logs"),
        key_arn=keys.logs.arn,
        account=account,
        retention_days=security.archive_retention_days,
        compliance=environment.production,
        trail_arn=trail_arn,
    ),
    opts=context.options(),
)

vpc = Vpc(
    f"{prefix}-vpc",
    VpcArgs(
        cidr=str(network.cidr),
        zones=network.zones,
        public=[str(cidr) for cidr in network.public],
        private=[str(cidr) for cidr in network.private],
        isolated=[str(cidr) for cidr in network.isolated],
        nat=network.nat,
    ),
    opts=context.options(),
)
FlowLog(
    f"{prefix}-flow-log",
    FlowLogArgs(vpc_id=vpc.id, key_arn=keys.logs.arn, account=account, retention_days=network.flow_log_retention_days),
    opts=bounded,
)
endpoints = Endpoints(
    f"{prefix}-endpoints",
    EndpointsArgs(
        vpc_id=vpc.id,
        vpc_cidr=str(network.cidr),
        region=region,
        subnet_ids=vpc.private_subnet_ids,
        route_table_ids=[*vpc.private_route_table_ids, *vpc.isolated_route_table_ids],
        services=network.interface_endpoints,
    ),
    opts=context.options(),
)

AccountDefaults(
    f"{prefix}-account",
    AccountDefaultsArgs(ebs_key_arn=keys.ebs.arn, access_analyzer=security.access_analyzer),
    opts=context.options(),
)
if security.cloudtrail:
    Trail(
        "trail",
        TrailArgs(
            trail_name=prefix,
            bucket_name=buckets.archive.name,
            key_arn=keys.logs.arn,
            topic_arn=topics.security.arn,
            retention_days=security.log_retention_days,
        ),
        # CloudTrail checks the policies of bucket and topic when it is made.
        opts=after(github.boundary, buckets, topics, options=context.options()),
    )
if security.guardduty:
    ThreatDetection("threats", ThreatDetectionArgs(topic_arn=topics.security.arn), opts=context.options())
if security.config_recorder:
    Recorder(
        "recorder",
        RecorderArgs(bucket_name=buckets.history.name, bucket_arn=buckets.history.arn, key_arn=keys.logs.arn, account=account),
        opts=after(github.boundary, buckets, options=context.options()),
    )

pulumi.export("vpc_id", vpc.id)
pulumi.export("vpc_cidr", str(network.cidr))
pulumi.export("public_subnet_ids", vpc.public_subnet_ids)
pulumi.export("private_subnet_ids", vpc.private_subnet_ids)
pulumi.export("isolated_subnet_ids", vpc.isolated_subnet_ids)
pulumi.export("private_route_table_ids", vpc.private_route_table_ids)
pulumi.export("s3_prefix_list_id", endpoints.s3_prefix_list_id)
for kind in ("data", "logs", "secrets", "ebs", "alerts"):
    pulumi.export(f"{kind}_key_arn", getattr(keys, kind).arn)
for kind in ("platform", "security", "finops"):
    pulumi.export(f"{kind}_alerts_topic_arn", getattr(topics, kind).arn)
pulumi.export("access_log_bucket", buckets.access.name)
pulumi.export("log_archive_bucket", buckets.archive.name)
pulumi.export("permissions_boundary_arn", github.boundary.arn)
pulumi.export("preview_role_arn", github.preview.arn)
pulumi.export("deploy_role_arn", github.deploy.arn)
