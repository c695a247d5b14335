"""The models that serve in one environment. A model without a pinned version is left out.

Exports
-------
front_door_url
    Where applications send requests: `POST <url>/models/<model>`, signed or with a token.
model_paths
    Model → its path in the front door. Batch models have none, and a model on the cluster that two versions share is left out: its answers
    do not name the version, which whoever reads this asks for.
model_versions
    Model → version that serves.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.context import Context
from infra.serving.batch_transform import JOB_LOG_GROUP
from infra.serving.cluster_door import ClusterDoor, ClusterDoorArgs
from infra.serving.cluster_route import check_ports, pod_port
from infra.serving.front_door import FrontDoor, FrontDoorArgs
from infra.serving.kserve_service import KServeService, KServeServiceArgs
from infra.serving.placed_model import PlacedModel, Surroundings
from infra.serving.placement import placement_note
from infra.serving.served_model import serve_on_sagemaker
from infra.topic import EVENTS, TEAM_TOPIC, Topic, TopicArgs

context = Context.start(service="serving")
environment = context.environment
account, region, prefix = environment.account, environment.region, environment.prefix
platform_topic = context.output("foundation", "platform_alerts_topic_arn")
alerts_key = context.output("foundation", "alerts_key_arn")
logs_key = context.output("foundation", "logs_key_arn")
urls = context.output("registries", "repository_urls")

here = Surroundings(
    prefix=prefix,
    account=account,
    region=region,
    log_retention_days=environment.security.log_retention_days,
    key_deletion_days=environment.security.kms_deletion_window_days,
    models_bucket=context.output("registries", "models_bucket"),
    models_bucket_arn=context.output("registries", "models_bucket_arn"),
    models_key_arn=context.output("registries", "models_key_arn"),
    data_bucket=context.output("registries", "raw_bucket"),
    data_bucket_arn=context.output("registries", "raw_bucket_arn"),
    data_key_arn=context.output("registries", "data_key_arn"),
    capture_bucket=context.output("platform", "argo_bucket"),
    alerts_key_arn=alerts_key,
    platform_topic_arn=platform_topic,
    repository_arns={
        image.name: f"arn:aws:ecr:{region}:{account}:repository/{environment.organization}/{image.name}"
        for image in environment.registries.images
    },
    image_references={image.name: urls[image.name].apply(image.reference) for image in environment.registries.images},
    vpc_id=context.output("foundation", "vpc_id"),
    vpc_cidr=str(environment.network.cidr),
    subnet_ids=context.output("foundation", "private_subnet_ids"),
    s3_prefix_list_id=context.output("foundation", "s3_prefix_list_id"),
)
door = environment.front_door
front_door = FrontDoor(
    "front-door",
    FrontDoorArgs(
        api_name=f"{prefix}-models",
        auth=door.auth,
        jwt_issuer=door.jwt_issuer,
        jwt_audience=door.jwt_audience,
        rate_per_second=door.rate_per_second,
        burst=door.burst,
        log_key_arn=logs_key,
        log_retention_days=environment.security.log_retention_days,
        topic_arn=platform_topic,
    ),
    opts=context.options(),
)

pinned = {name: model for name, model in environment.models.items() if model.version is not None}
topics = {
    team: Topic(
        f"{TEAM_TOPIC}{team}",
        TopicArgs(
            display_name=f"Models of {team}",
            key_arn=alerts_key,
            account=account,
            publishers=["cloudwatch.amazonaws.com", EVENTS],
            emails=[environment.team(team).email],
            tags=context.team_tags(team),
        ),
        opts=context.options(),
    )
    for team in sorted({model.team for model in pinned.values()})
}
if any(model.mode == "batch" for model in pinned.values()):
    aws.cloudwatch.LogGroup(
        "transform-jobs",
        name=JOB_LOG_GROUP,
        retention_in_days=environment.security.log_retention_days,
        kms_key_id=logs_key,
        opts=pulumi.ResourceOptions(provider=context.aws),
    )
on_cluster = {name: model for name, model in pinned.items() if model.mode == "kserve"}
check_ports(on_cluster)
cluster, way = None, None
if on_cluster:
    cluster = kubernetes.Provider("cluster", kubeconfig=context.output("cluster", "kubeconfig"))
    ingress = environment.platform.ingress
    way = ClusterDoor(
        "cluster-door",
        ClusterDoorArgs(
            link_name=f"{prefix}-models",
            host=f"models.{ingress.domain}",
            hosted_zone_id=ingress.hosted_zone_id,
            vpc_id=here.vpc_id,
            subnet_ids=context.output("foundation", "isolated_subnet_ids"),
            subnet_cidrs=[str(cidr) for cidr in environment.network.isolated],
            cluster_security_group_id=context.output("cluster", "cluster_security_group_id"),
            ports=sorted({pod_port(model) for model in on_cluster.values()}),
            access_log_bucket=context.output("foundation", "access_log_bucket"),
            team=environment.shared_team,
        ),
        opts=pulumi.ResourceOptions(providers=[context.aws, cluster]),
    ).way

paths: dict[str, str] = {}
for name, model in pinned.items():
    assert model.version is not None
    placed = PlacedModel(
        name=name,
        version=model.version,
        model=model,
        tags=context.team_tags(model.team),
        topic_arn=topics[model.team].arn,
        here=here,
    )
    pulumi.log.info(placement_note(name, model))
    if cluster is None or way is None or model.mode != "kserve":
        if path := serve_on_sagemaker(placed, front_door, context.options()):
            paths[name] = path
        continue
    service = KServeService(
        name,
        KServeServiceArgs(
            placed=placed,
            team=environment.team(model.team),
            cluster=context.output("cluster", "cluster_name"),
            front_door=front_door,
            way=way,
        ),
        opts=pulumi.ResourceOptions(providers=[context.aws, cluster]),
    )
    if model.challenger is None:
        paths[name] = service.path

pulumi.export("front_door_url", front_door.url)
pulumi.export("model_paths", paths)
pulumi.export("model_versions", {name: model.version for name, model in pinned.items()})
