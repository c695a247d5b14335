"""A model on the cluster is called through the front door and by no other way: by the plan of what leads to it, and of who may."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from infra.serving.cluster_route import check_ports, listener_port
from mlctl.config import load_environments
from mlctl.errors import InputError
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan

Served = Sequence[Resource]
BALANCER = "<<aws:ec2/securityGroup:SecurityGroup|cluster-door-balancer|id>>"
LINK = "<<aws:ec2/securityGroup:SecurityGroup|cluster-door-link|id>>"
NODES = "<<aws:eks/cluster:Cluster|cluster|vpcConfig.clusterSecurityGroupId>>"
ISOLATED = ["10.30.16.0/22", "10.30.20.0/22", "10.30.24.0/22"]
GATEWAY = {"app": "3scale-kourier-gateway"}
ON_CLUSTER = {"cluster", "raw", "accelerated"}


def of(served: Served, kind: str) -> dict[str, dict[str, Any]]:
    """Resources of a type by name, with their inputs."""
    return {resource.name: dict(resource.inputs) for resource in served if resource.custom and resource.type.endswith(f":{kind}")}


def stack_of(plan: Plan, name: str) -> StackPlan:
    [stack] = [stack for stack in plan.stacks if stack.name == name]
    assert stack.errors == ()
    return stack


def test_its_route_leads_through_the_link_to_its_own_listener(served: Served) -> None:
    integrations = {name: item for name, item in of(served, "Integration").items() if item["integrationType"] == "HTTP_PROXY"}
    assert integrations.keys() == ON_CLUSTER
    [certificate] = of(served, "Certificate").values()
    for name, item in integrations.items():
        assert item["connectionType"] == "VPC_LINK"
        assert item["connectionId"] == "<<aws:apigatewayv2/vpcLink:VpcLink|cluster-door|id>>"
        assert item["integrationUri"] == f"<<aws:lb/listener:Listener|{name}|arn>>"
        assert item["tlsConfig"]["serverNameToVerify"] == certificate["domainName"]
        assert of(served, "Route")[name]["target"] == f"integrations/<<aws:apigatewayv2/integration:Integration|{name}|id>>"


def test_the_cluster_is_asked_for_the_host_that_it_knows(served: Served) -> None:
    asked = {name: item["requestParameters"] for name, item in of(served, "Integration").items() if "requestParameters" in item}
    assert {name: item["overwrite:header.Host"] for name, item in asked.items()} == {
        "cluster": "cluster-split.lending.svc.cluster.local",
        "raw": "raw-predictor.lending.svc.cluster.local",
        "accelerated": "accelerated-predictor.lending.svc.cluster.local",
    }
    assert {item["overwrite:path"] for item in asked.values()} == {"/invocations"}


def test_the_answer_names_its_version_where_there_is_one(served: Served) -> None:
    named = {
        name: {part["statusCode"]: part["mappings"]["overwrite:header.x-model-version"] for part in item.get("responseParameters", [])}
        for name, item in of(served, "Integration").items()
        if name in ON_CLUSTER
    }
    versions = {"200": "3", "400": "3"}
    assert named == {"raw": versions, "accelerated": versions, "cluster": {}}


def test_paths_are_told_to_whoever_asks_for_the_version(plan_variant: Callable[..., Plan]) -> None:
    """The smoke test after a deployment asks every path for the version: a split cannot say."""
    plain = stack_of(plan_variant(standard(), base="dev", stacks=("serving",)), "serving")
    assert plain.exports["model_paths"] == {"churn": "/models/churn"}
    knative = {"team": "retention", "mode": "kserve", "version": 2, "kserve": {}, "challenger": {"version": 3}}
    split = stack_of(plan_variant({"models.churn": knative, "usage.models": {}}, base="dev", stacks=("serving",)), "serving")
    assert split.exports["model_paths"] == {}
    assert [item["routeKey"] for item in of(split.resources, "Route").values()] == ["POST /models/churn"]


def test_listeners_speak_tls_each_on_its_own_port(served: Served) -> None:
    listeners = of(served, "Listener")
    assert listeners.keys() == ON_CLUSTER
    assert len({item["port"] for item in listeners.values()}) == len(ON_CLUSTER)
    [opened] = [item for item in of(served, "SecurityGroupIngressRule").values() if item["securityGroupId"] == BALANCER]
    for name, item in listeners.items():
        assert (item["protocol"], item["certificateArn"]) == ("TLS", "<<aws:acm/certificate:Certificate|cluster-door|arn>>")
        assert opened["fromPort"] <= item["port"] <= opened["toPort"]
        assert [action["targetGroupArn"] for action in item["defaultActions"]] == [f"<<aws:lb/targetGroup:TargetGroup|{name}|arn>>"]


def two_of_one_port() -> tuple[str, str]:
    seen: dict[int, str] = {}
    for number in range(10_000):
        name = f"model-{number}"
        other = seen.setdefault(listener_port(name), name)
        if other != name:
            return other, name
    raise AssertionError("ten thousand names and no two of one port")


def test_two_models_of_one_port_are_refused() -> None:
    first, second = two_of_one_port()
    check_ports([first, "churn"])
    with pytest.raises(InputError, match=f"would give {second} the port of {first}"):
        check_ports([first, "churn", second])


def test_nobody_but_the_link_reaches_the_balancer_and_it_only_the_pods(served: Served) -> None:
    [balancer] = of(served, "LoadBalancer").values()
    assert (balancer["internal"], balancer["securityGroups"]) == (True, [BALANCER])
    assert of(served, "VpcLink")["cluster-door"]["securityGroupIds"] == [LINK]

    def ways(kind: str) -> set[tuple[str, str, int, int]]:
        rules = [item for name, item in of(served, kind).items() if name.startswith("cluster-door")]
        return {(item["referencedSecurityGroupId"], item["securityGroupId"], item["fromPort"], item["toPort"]) for item in rules}

    pods = {(BALANCER, NODES, port, port) for port in (8080, 8081)}
    assert ways("SecurityGroupIngressRule") == {(LINK, BALANCER, 10000, 59999), *pods}
    assert {(target, source, *ports) for source, target, *ports in ways("SecurityGroupEgressRule")} == ways("SecurityGroupIngressRule")


def test_the_balancer_may_write_its_log(served: Served, plan_of: Callable[[str], Plan]) -> None:
    """A network load balancer's log comes from CloudWatch's log delivery, which asks for the bucket's ACL first; making the balancer fails
    where it may not."""
    [balancer] = of(served, "LoadBalancer").values()
    log = balancer["accessLogs"]
    policies = [
        item for item in of(stack_of(plan_of("prod"), "foundation").resources, "BucketPolicy").values() if "load-balancer" in item["policy"]
    ]
    [policy] = policies
    place = f"arn:aws:s3:::{log['bucket']}"
    delivery = [
        item for item in json.loads(policy["policy"])["Statement"] if item.get("Principal") == {"Service": "delivery.logs.amazonaws.com"}
    ]
    granted = {item["Action"][0]: (item["Resource"], item["Condition"]["StringEquals"]) for item in delivery if item["Effect"] == "Allow"}
    mine = {"aws:SourceAccount": "333333333333"}
    written = f"{place}/{log['prefix']}/AWSLogs/333333333333/*"
    assert granted == {
        "s3:GetBucketAcl": (place, mine),
        "s3:PutObject": (written, {**mine, "s3:x-amz-acl": "bucket-owner-full-control"}),
    }


def test_target_groups_are_filled_with_the_pods_that_answer(served: Served) -> None:
    groups, bindings = of(served, "TargetGroup"), of(served, "TargetGroupBinding")
    assert bindings.keys() == groups.keys() == ON_CLUSTER
    found = {}
    for name, item in bindings.items():
        assert item["spec"]["targetGroupARN"] == f"<<aws:lb/targetGroup:TargetGroup|{name}|arn>>"
        assert (groups[name]["targetType"], groups[name]["preserveClientIp"]) == ("ip", "false")
        found[name] = (item["metadata"]["namespace"], item["spec"]["serviceRef"]["name"], groups[name]["port"])
    gateway = ("knative-serving", "kourier-internal", 8081)
    assert found == {"cluster": gateway, "accelerated": gateway, "raw": ("lending", "raw-predictor", 8080)}


def test_where_requests_are_recorded_the_recorder_is_asked_first(plan_variant: Callable[..., Plan]) -> None:
    serving = stack_of(plan_variant(standard(), base="dev", stacks=("serving",)), "serving")
    assert of(serving.resources, "TargetGroup")["churn"]["port"] == 9081
    assert of(serving.resources, "SecurityGroupIngressRule")["cluster-door-pods-9081"]["securityGroupId"] == NODES


def standard(**further: Any) -> dict[str, Any]:
    """Edits that serve one model of dev in Standard mode."""
    entry = {"team": "retention", "mode": "kserve", "version": 2, "kserve": {"deployment_mode": "Standard"}}
    return {"models.churn": entry, "usage.models": {}, **further}


def test_tokens_are_asked_for_on_the_cluster_too(plan_variant: Callable[..., Plan]) -> None:
    door = {"auth": "jwt", "jwt_issuer": "https://login.acme.example", "jwt_audience": ["models"]}
    serving = stack_of(plan_variant(standard(front_door=door), base="dev", stacks=("serving",)), "serving")
    [route] = of(serving.resources, "Route").values()
    assert (route["authorizationType"], route["authorizerId"]) == ("JWT", "<<aws:apigatewayv2/authorizer:Authorizer|front-door|id>>")


def peers(policies: Mapping[str, dict[str, Any]], namespace: str, labels: Mapping[str, str]) -> Iterator[tuple[Any, Any]]:
    """(Who, ports) of everything that may come to pods with these labels, by the policies that select them."""
    for item in policies.values():
        if item["metadata"]["namespace"] == namespace and selects(item["spec"]["podSelector"], labels):
            for rule in item["spec"].get("ingress", []):
                ports = [port["port"] for port in rule["ports"]] if "ports" in rule else None
                yield from ((peer, ports) for peer in rule["from"])


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    exact = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return exact and all(labels.get(part["key"]) in part["values"] for part in selector.get("matchExpressions", []))


def test_gateway_takes_the_front_door_knative_and_the_split_and_nobody_else(served: Served, plan_of: Callable[[str], Plan]) -> None:
    policies = of(served, "NetworkPolicy") | of(stack_of(plan_of("prod"), "platform").resources, "NetworkPolicy")
    came = list(peers(policies, "knative-serving", GATEWAY))
    split = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "lending"}},
        "podSelector": {"matchLabels": {"serving.kserve.io/inferencegraph": "cluster-split"}},
    }
    assert sorted(came, key=repr) == sorted(
        [({"podSelector": {}}, None), (split, [8081]), *(({"ipBlock": {"cidr": cidr}}, [8081]) for cidr in ISOLATED)], key=repr
    )


def test_gateway_is_closed_where_no_model_serves(plan_of: Callable[[str], Plan]) -> None:
    for name in ("dev", "staging", "prod"):
        policies = of(stack_of(plan_of(name), "platform").resources, "NetworkPolicy")
        assert list(peers(policies, "knative-serving", GATEWAY)) == [({"podSelector": {}}, None)]


def test_what_serves_adds_no_other_way_to_a_models_pods(served: Served) -> None:
    policies = of(served, "NetworkPolicy")

    def names(service: str) -> list[tuple[Any, Any]]:
        return list(peers(policies, "lending", {"serving.kserve.io/inferenceservice": service}))

    spaces = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}} for name in ("knative-serving", "monitoring")]
    for service in ("cluster", "cluster-challenger", "accelerated"):
        assert names(service) == [(space, None) for space in spaces]
    assert names("raw") == [({"ipBlock": {"cidr": cidr}}, [8080]) for cidr in ISOLATED]


def test_no_pod_has_an_address_beside_the_balancer(served: Served, repository: Repository) -> None:
    """Nodes and their pods are in the private subnets, the balancer in the isolated ones."""
    [balancer] = of(served, "LoadBalancer").values()
    assert all("vpc-isolated-" in subnet for subnet in balancer["subnets"]) and balancer["subnets"]
    for environment in load_environments(repository.environments):
        for isolated in environment.network.isolated:
            assert not any(ip_network(isolated).overlaps(ip_network(private)) for private in environment.network.private)
        if environment.name == "prod":
            assert [str(cidr) for cidr in environment.network.isolated] == ISOLATED


DOOR = ("LoadBalancer", "Listener", "TargetGroup", "TargetGroupBinding", "VpcLink", "Certificate", "NetworkPolicy", "SecurityGroup")


def test_without_a_model_on_the_cluster_there_is_nothing_of_it(plan_variant: Callable[..., Plan], plan_of: Callable[[str], Plan]) -> None:
    elsewhere = plan_variant({"models.churn.version": 2}, base="dev", stacks=("serving",))
    for plan in (elsewhere, *(plan_of(name) for name in ("dev", "staging", "prod"))):
        resources = stack_of(plan, "serving").resources
        assert {kind: of(resources, kind) for kind in DOOR} == {kind: {} for kind in DOOR}
