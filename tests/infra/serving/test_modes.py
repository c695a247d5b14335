"""Each way to serve, seen in the plan of an environment that uses them all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mlctl.plan.model import Plan, Resource

Served = Sequence[Resource]
PREFIX = "acme-prod"


def of(served: Served, kind: str) -> dict[str, dict[str, Any]]:
    """Resources of a type by name, with their inputs."""
    return {resource.name: dict(resource.inputs) for resource in served if resource.custom and resource.type.endswith(f":{kind}")}


def policy(served: Served, role: str) -> dict[str, Any]:
    """Statements of a role's inline policy by Sid."""
    return {statement["Sid"]: statement for statement in json.loads(of(served, "RolePolicy")[role]["policy"])["Statement"]}


def test_one_endpoint_per_pinned_version_that_has_one(served: Served) -> None:
    assert {inputs["name"] for inputs in of(served, "Endpoint").values()} == {
        f"{PREFIX}-split",
        f"{PREFIX}-split-challenger",
        f"{PREFIX}-trial",
        f"{PREFIX}-shadow",
        f"{PREFIX}-queue",
    }


def test_a_model_without_a_version_leaves_nothing(served: Served) -> None:
    assert [resource.name for resource in served if "resting" in resource.name] == []


def test_serverless_splits_above_two_endpoints(served: Served) -> None:
    router = json.loads(of(served, "Function")["split-router"]["environment"]["variables"]["ROUTER"])
    assert router["targets"] == [
        {"endpoint": f"{PREFIX}-split", "variant": "champion", "version": 3, "weight": 90},
        {"endpoint": f"{PREFIX}-split-challenger", "variant": "challenger", "version": 4, "weight": 10},
    ]
    assert router["capture_percent"] == 50
    for configuration in ("split", "split-challenger"):
        [variant] = of(served, "EndpointConfiguration")[configuration]["productionVariants"]
        assert variant["serverlessConfig"] == {"memorySizeInMb": 2048, "maxConcurrency": 10, "provisionedConcurrency": 2}


def test_artefacts_follow_the_convention(served: Served) -> None:
    models = of(served, "Model")
    for name, version in (("split", 3), ("split-challenger", 4), ("trial-champion", 3), ("trial-challenger", 4)):
        expected = f"s3://{PREFIX}-models-333333333333/{name.partition('-')[0]}/{version}/model.tar.gz"
        assert models[name]["primaryContainer"]["modelDataUrl"] == expected


def test_router_records_for_serverless_only(served: Served) -> None:
    percent = {
        name: json.loads(function["environment"]["variables"]["ROUTER"])["capture_percent"]
        for name, function in of(served, "Function").items()
        if name.endswith("-router")
    }
    assert percent == {"split-router": 50, "trial-router": 0, "shadow-router": 0, "queue-router": 0}
    assert "RecordRequests" in policy(served, "split-router") and "RecordRequests" not in policy(served, "trial-router")


def test_real_time_captures_by_itself_or_not_at_all(served: Served) -> None:
    configurations = of(served, "EndpointConfiguration")
    capture = configurations["trial"]["dataCaptureConfig"]
    assert (capture["enableCapture"], capture["initialSamplingPercentage"]) == (True, 100)
    assert "dataCaptureConfig" not in configurations["shadow"]


def test_everything_is_recorded_in_one_place_per_model(served: Served) -> None:
    """The folder that the monitoring workflow reads, in the bucket of workflows, below the team's own prefix."""
    bucket = f"{PREFIX}-workflows-333333333333"
    router = json.loads(of(served, "Function")["split-router"]["environment"]["variables"]["ROUTER"])
    assert (router["capture_bucket"], router["capture_prefix"]) == (bucket, "lending/monitoring/split/decisions")
    capture = of(served, "EndpointConfiguration")["trial"]["dataCaptureConfig"]
    assert capture["destinationS3Uri"] == f"s3://{bucket}/lending/monitoring/trial/decisions"
    for role, sid, model in (("split-router", "RecordRequests", "split"), ("trial", "CaptureRequests", "trial")):
        expected = f"arn:aws:s3:::{bucket}/lending/monitoring/{model}/decisions/*"
        assert policy(served, role)[sid]["Resource"] == expected


def test_a_queue_has_its_answers_recorded(served: Served) -> None:
    """SageMaker captures nothing of an asynchronous endpoint: a function does, told of each answer."""
    [configuration] = [item for item in of(served, "EndpointConfiguration").values() if "asyncInferenceConfig" in item]
    assert "dataCaptureConfig" not in configuration
    topic = "<<aws:sns/topic:Topic|queue-answers|arn>>"
    assert configuration["asyncInferenceConfig"]["outputConfig"]["notificationConfig"]["successTopic"] == topic
    function = of(served, "Function")["queue-recorder"]
    settings = json.loads(function["environment"]["variables"]["ANSWERS"])
    assert (settings["endpoint"], settings["variant"]) == (f"{PREFIX}-queue", "champion")
    records = settings["records"]
    assert (records["bucket"], records["percent"]) == (f"{PREFIX}-workflows-333333333333", 100)
    assert records["prefix"] == "lending/monitoring/queue/decisions"
    [subscription] = [item for item in of(served, "TopicSubscription").values() if item["protocol"] == "lambda"]
    assert (subscription["topic"], subscription["endpoint"]) == (topic, "<<aws:lambda/function:Function|queue-recorder|arn>>")
    called = of(served, "Permission")["queue-recorder"]
    assert (called["principal"], called["sourceArn"]) == ("sns.amazonaws.com", topic)
    assert function["deadLetterConfig"]["targetArn"] == "<<aws:sqs/queue:Queue|queue-recorder-failures|arn>>"
    assert of(served, "MetricAlarm")["queue-recorder-failures"]["alarmActions"]


def test_a_recorder_reads_and_writes_its_own_model_alone(served: Served) -> None:
    rights = policy(served, "queue-recorder")
    written = f"arn:aws:s3:::{PREFIX}-workflows-333333333333/lending/monitoring/queue/decisions/*"
    assert (rights["RecordRequests"]["Action"], rights["RecordRequests"]["Resource"]) == (["s3:PutObject"], written)
    assert rights["ReadRequestsAndAnswers"]["Action"] == ["s3:GetObject"]
    assert rights["ReadRequestsAndAnswers"]["Resource"].endswith("/async/queue/*")
    published = policy(served, "queue")["TellOfAnswersAndFailures"]["Resource"]
    assert published == ["<<aws:sns/topic:Topic|alerts-lending|arn>>", "<<aws:sns/topic:Topic|queue-answers|arn>>"]


def test_without_capture_nobody_is_told_of_answers(plan_variant: Callable[..., Plan]) -> None:
    queue = {"team": "retention", "version": 2, "mode": "asynchronous", "instances": {"instance_type": "ml.m5.large"}}
    edits = {"models.churn": {**queue, "data_capture_percent": 0}, "usage.models": {}}
    [stack] = [stack for stack in plan_variant(edits, base="dev", stacks=("serving",)).stacks if stack.name == "serving"]
    assert stack.errors == ()
    assert [name for name in of(stack.resources, "Function") if "recorder" in name] == []
    assert "churn-answers" not in of(stack.resources, "Topic")
    [configuration] = of(stack.resources, "EndpointConfiguration").values()
    told = configuration["asyncInferenceConfig"]["outputConfig"]["notificationConfig"]
    assert {key for key, topic in told.items() if topic} == {"errorTopic"}


def test_a_function_brings_what_it_imports(served: Served, tmp_path: Path) -> None:
    """Unpacked as Lambda does, with nothing beside it but Python's own library."""
    stack = Path(__file__).parents[3] / "stacks" / "serving"
    for name, function in of(served, "Function").items():
        for place, asset in function["code"]["assets"].items():
            (tmp_path / name / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(stack / asset["path"], tmp_path / name / place)
        module, _, entry = function["handler"].rpartition(".")
        program = f"import sys; sys.path.insert(0, {str(tmp_path / name)!r}); from {module} import {entry}"
        subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, timeout=60)


def test_trial_shares_traffic_and_shadow_copies_it(served: Served) -> None:
    configurations = of(served, "EndpointConfiguration")
    trial = {variant["variantName"]: variant["initialVariantWeight"] for variant in configurations["trial"]["productionVariants"]}
    assert trial == {"champion": 80, "challenger": 20}
    assert "shadowProductionVariants" not in configurations["trial"]
    [champion] = configurations["shadow"]["productionVariants"]
    [shadow] = configurations["shadow"]["shadowProductionVariants"]
    assert (champion["variantName"], shadow["variantName"], shadow["initialVariantWeight"]) == ("champion", "challenger", 20)


def test_rollouts_go_back_on_alarms(served: Served) -> None:
    endpoints = of(served, "Endpoint")
    linear = endpoints["trial"]["deploymentConfig"]
    routing = linear["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert routing == {"type": "LINEAR", "waitIntervalInSeconds": 600, "linearStepSize": {"type": "CAPACITY_PERCENT", "value": 25}}
    canary = endpoints["shadow"]["deploymentConfig"]["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert canary["canarySize"] == {"type": "CAPACITY_PERCENT", "value": 10}
    for name in ("trial", "shadow"):
        assert len(endpoints[name]["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]) == 2
    assert "deploymentConfig" not in endpoints["split"]


def test_everything_scales_that_can(served: Served) -> None:
    targets = {name: (target["minCapacity"], target["maxCapacity"]) for name, target in of(served, "Target").items()}
    assert targets == {
        "split": (2, 10),
        "split-challenger": (2, 10),
        "trial-champion": (1, 4),
        "trial-challenger": (1, 4),
        "shadow-champion": (1, 4),
        "queue": (0, 2),
    }
    policies = {name: inputs["policyType"] for name, inputs in of(served, "Policy").items() if "serviceNamespace" in inputs}
    assert policies == dict.fromkeys(targets, "TargetTrackingScaling") | {"queue-wake": "StepScaling"}


def test_asynchronous_rests_at_zero_and_wakes(served: Served) -> None:
    alarm = of(served, "MetricAlarm")["queue-wake"]
    assert (alarm["metricName"], alarm["threshold"]) == ("HasBacklogWithoutCapacity", 1)
    configuration = of(served, "EndpointConfiguration")["queue"]
    assert configuration["asyncInferenceConfig"]["outputConfig"]["s3OutputPath"].endswith("/async/queue/output")
    # A g5 instance encrypts its own disks, and SageMaker refuses a key for it.
    assert "kmsKeyArn" not in configuration


def test_batch_has_a_schedule_and_no_endpoint(served: Served) -> None:
    [schedule] = of(served, "Schedule").values()
    assert schedule["scheduleExpression"] == "cron(0 2 ? * SUN *)"
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob"
    request = json.loads(schedule["target"]["input"])
    assert request["TransformJobName"] == "nightly-<aws.scheduler.execution-id>"
    assert request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"].endswith("/batch/nightly/input/")
    assert [group["name"] for name, group in of(served, "LogGroup").items() if name == "transform-jobs"] == ["/aws/sagemaker/TransformJobs"]


def test_the_cluster_splits_with_a_graph(served: Served) -> None:
    services = {service["metadata"]["name"]: service["metadata"] for service in of(served, "InferenceService").values()}
    assert {service["namespace"] for service in services.values()} == {"lending"}
    modes = {name: service["annotations"]["serving.kserve.io/deploymentMode"] for name, service in services.items()}
    assert modes == {"cluster": "Knative", "cluster-challenger": "Knative", "raw": "Standard", "accelerated": "Knative"}
    [graph] = of(served, "InferenceGraph").values()
    steps = graph["spec"]["nodes"]["root"]["steps"]
    assert [(step["name"], step["weight"]) for step in steps] == [("cluster", 70), ("cluster-challenger", 30)]
    address = "http://{}-predictor.lending.svc.cluster.local/invocations"
    assert [step["serviceUrl"] for step in steps] == [address.format("cluster"), address.format("cluster-challenger")]


def test_a_model_that_counts_no_requests_is_watched_at_the_front_door(served: Served) -> None:
    """KServe's Standard mode. In Knative mode the queue proxy counts them."""
    alarms = of(served, "MetricAlarm")
    assert not [name for name in alarms if name.startswith(("cluster-", "accelerated-"))]
    watched = {name.removeprefix("raw-"): alarm for name, alarm in alarms.items() if name.startswith("raw-")}
    assert set(watched) == {"errors", "p99", "throttles", "no-traffic"}
    where = {"ApiId": watched["p99"]["dimensions"]["ApiId"], "Stage": "$default", "Method": "POST", "Resource": "/models/raw"}
    assert watched["p99"]["dimensions"] == watched["no-traffic"]["dimensions"] == where
    assert (watched["p99"]["metricName"], watched["p99"]["extendedStatistic"]) == ("Latency", "p99")
    counted = [query["metric"]["metricName"] for query in watched["errors"]["metricQueries"] if "metric" in query]
    assert counted == ["5xx", "Count"]
    [filtered] = of(served, "LogMetricFilter").values()
    assert filtered["pattern"] == '{ ($.route = "POST /models/raw") && ($.status = "429") }'
    made = filtered["metricTransformation"]
    assert (made["namespace"], made["name"]) == (watched["throttles"]["namespace"], watched["throttles"]["metricName"])
    assert all(alarm["alarmActions"] for alarm in watched.values())


def test_four_alarms_per_endpoint(served: Served) -> None:
    alarms = set(of(served, "MetricAlarm"))
    assert {f"split-{short}" for short in ("errors", "p99", "throttles", "no-traffic")} <= alarms
    assert {f"trial-champion-{short}" for short in ("errors", "p99", "throttles", "no-traffic")} <= alarms
    # A challenger's share may be small, and an asynchronous endpoint rests at zero: silence is no alarm there.
    assert not alarms & {"split-challenger-no-traffic", "trial-challenger-no-traffic", "queue-no-traffic"}


def test_a_queue_is_counted_by_the_figures_that_it_has(plan_variant: Callable[..., Plan]) -> None:
    """An asynchronous endpoint publishes no `Invocations`: alarms on it would be silent about errors, and always tell of silence."""
    queue = {"team": "retention", "version": 2, "mode": "asynchronous", "instances": {"instance_type": "ml.m5.large", "minimum": 1}}
    plan = plan_variant({"models.churn": queue, "usage.models": {}}, base="dev", stacks=("serving",))
    [stack] = [stack for stack in plan.stacks if stack.name == "serving"]
    assert stack.errors == ()
    alarms = of(stack.resources, "MetricAlarm")
    queries = [query["metric"] for query in alarms["churn-errors"]["metricQueries"] if "metric" in query]
    assert [query["metricName"] for query in queries] == ["InvocationFailures", "InvocationsProcessed"]
    assert alarms["churn-no-traffic"]["metricName"] == "InvocationsProcessed"
    where = {"EndpointName": "acme-dev-churn", "VariantName": "champion"}
    assert all(found["dimensions"] == where for found in (*queries, alarms["churn-no-traffic"], alarms["churn-p99"]))


def test_critical_models_also_tell_the_platform_team(served: Served) -> None:
    alarms = of(served, "MetricAlarm")
    assert len(alarms["shadow-champion-errors"]["alarmActions"]) == 2
    assert len(alarms["trial-champion-errors"]["alarmActions"]) == 1


def test_each_model_has_its_own_role_and_key(served: Served) -> None:
    reads = policy(served, "split")["ReadArtefacts"]["Resource"]
    assert reads.endswith("/split/*")
    keys = {inputs["name"] for inputs in of(served, "Alias").values()}
    assert keys == {
        f"alias/{PREFIX}-model-{name}" for name in ("split", "trial", "shadow", "queue", "nightly", "cluster", "raw", "accelerated")
    }


def test_only_models_in_the_vpc_have_a_network(served: Served) -> None:
    models = of(served, "Model")
    assert "vpcConfig" in models["trial-champion"] and "vpcConfig" not in models["split"]
    assert "JoinSubnets" in policy(served, "trial") and "JoinSubnets" not in policy(served, "split")
    assert (models["trial-champion"]["enableNetworkIsolation"], models["split"]["enableNetworkIsolation"]) == (True, False)


def test_routes_demand_a_signature(served: Served) -> None:
    routes = {inputs["routeKey"]: inputs["authorizationType"] for inputs in of(served, "Route").values() if "routeKey" in inputs}
    assert routes == {f"POST /models/{name}": "AWS_IAM" for name in ("split", "trial", "shadow", "queue", "cluster", "raw", "accelerated")}


def test_everything_of_a_team_carries_its_tags(served: Served) -> None:
    for kind in ("Endpoint", "EndpointConfiguration", "Model", "Function", "Key", "Role", "LogGroup"):
        for name, inputs in of(served, kind).items():
            if name not in ("front-door", "transform-jobs"):
                assert inputs["tags"].items() >= {"team": "lending", "cost-centre": "CC-2100"}.items(), (kind, name)


def test_says_why_requests_go_to_cpu_or_gpu(served: Served, served_messages: tuple[str, ...]) -> None:
    text = "\n".join(served_messages)
    assert "split: requests run on CPU, because SageMaker serverless has no GPU (mode: serverless)" in text
    assert "queue: requests run on a GPU, on ml.g5.xlarge (accelerator: gpu, mode: asynchronous)" in text
    assert "resting" not in text


def test_tokens_instead_of_signatures(plan_variant: Callable[..., Plan]) -> None:
    door = {"auth": "jwt", "jwt_issuer": "https://login.acme.example", "jwt_audience": ["models"], "rate_per_second": 7, "burst": 9}
    plan = plan_variant({"front_door": door, "models.churn.version": 2}, base="dev", stacks=("serving",))
    [stack] = [stack for stack in plan.stacks if stack.name == "serving"]
    assert stack.errors == ()
    [authorizer] = of(stack.resources, "Authorizer").values()
    assert authorizer["jwtConfiguration"] == {"issuer": "https://login.acme.example", "audiences": ["models"]}
    assert [inputs["authorizationType"] for inputs in of(stack.resources, "Route").values()] == ["JWT"]
    [stage] = of(stack.resources, "Stage").values()
    assert (stage["defaultRouteSettings"]["throttlingRateLimit"], stage["defaultRouteSettings"]["throttlingBurstLimit"]) == (7, 9)


def test_shipped_environments_pin_nothing(plan_of: Callable[[str], Plan]) -> None:
    for name in ("dev", "staging", "prod"):
        [stack] = [stack for stack in plan_of(name).stacks if stack.name == "serving"]
        assert stack.errors == ()
        assert of(stack.resources, "Endpoint") == {} and len(of(stack.resources, "Api")) == 1
