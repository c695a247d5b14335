"""The way of one model on the cluster: from the front door to its pods."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.platform.kserve import GATEWAY_NAMESPACE, GATEWAY_PODS, GATEWAY_PORT, GATEWAY_SERVICE
from infra.serving.cluster_door import from_addresses
from infra.serving.front_door import FrontDoor, PrivateTarget
from infra.serving.placed_model import PlacedModel
from infra.serving.private_way import PORTS, PrivateWay
from mlctl.config.model import Model
from mlctl.config.team import Team
from mlctl.errors import InputError

_SERVER, _RECORDER = 8080, 9081
"""Ports of a pod in Standard mode: the model server, and KServe's agent before it where requests are recorded."""

_SERVICE_LABEL = "serving.kserve.io/inferenceservice"
_GRAPH_LABEL = "serving.kserve.io/inferencegraph"
_SPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRouteArgs:
    """Which model, through which doors."""

    placed: PlacedModel
    team: Team
    """Its namespace has the same name."""
    front_door: FrontDoor
    way: PrivateWay


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The Kubernetes service whose pods the load balancer sends to, and how they say that they are well."""

    namespace: str
    service: str
    port: int
    """Of the pods."""
    health_path: str | None
    """None: whoever takes the connection is well."""


class ClusterRoute(pulumi.ComponentResource):
    """Creates the model's target group, kept full with its pods by the load balancer controller (TargetGroupBinding); the load balancer's
    listener, which speaks TLS; its authenticated route `POST /models/<model>`; and the NetworkPolicies by which the load balancer reaches
    the pods (Standard mode), or Knative's gateway does, and the router of a split reaches that gateway.
    """

    def __init__(self, name: str, args: ClusterRouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ClusterRoute", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        placed = args.placed
        host = host_of(placed.name, placed.model)
        listener = self._listener(self._target_group(behind(placed.name, placed.model)))
        for short, (namespace, spec) in network_rules(placed.name, placed.model, args.way).items():
            self._network_rule(short, namespace, spec)
        # Two versions behind one host: the answer cannot say which it was.
        version = None if placed.model.challenger else placed.version
        to = PrivateTarget(link_id=args.way.link_id, listener_arn=listener.arn, server_name=args.way.server_name, host=host)
        self.path = args.front_door.private_route(name, model=placed.name, version=version, to=to, opts=self._child)
        self.register_outputs({"path": self.path})

    def _target_group(self, to: Behind) -> aws.lb.TargetGroup:
        placed = self._args.placed
        group = aws.lb.TargetGroup(
            self._name,
            name_prefix="model-",  # a target group's name has 32 characters at most, a model's 40
            vpc_id=self._args.way.vpc_id,
            target_type="ip",
            port=to.port,
            protocol="TCP",
            deregistration_delay=30,
            # NetworkPolicies know the load balancer by its own addresses.
            preserve_client_ip="false",
            health_check={"protocol": "HTTP", "path": to.health_path} if to.health_path else {"protocol": "TCP"},
            tags=dict(placed.tags),
            opts=self._child,
        )
        name = f"{placed.name}-front-door"
        kubernetes.apiextensions.CustomResource(
            self._name,
            api_version="elbv2.k8s.aws/v1beta1",
            kind="TargetGroupBinding",
            metadata={"name": name, "namespace": to.namespace, "labels": labels(name, self._args.team, model=placed.name)},
            spec={"targetGroupARN": group.arn, "targetType": "ip", "serviceRef": {"name": to.service, "port": 80}},
            opts=self._child,
        )
        return group

    def _listener(self, group: aws.lb.TargetGroup) -> aws.lb.Listener:
        placed, way = self._args.placed, self._args.way
        return aws.lb.Listener(
            self._name,
            load_balancer_arn=way.balancer_arn,
            port=listener_port(placed.name),
            protocol="TLS",
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06",
            certificate_arn=way.certificate_arn,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=dict(placed.tags),
            opts=self._child,
        )

    def _network_rule(self, short: str, namespace: str, spec: dict[str, Any]) -> None:
        name = f"{self._args.placed.name}-{short}"
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-{short}",
            metadata={"name": name, "namespace": namespace, "labels": labels(name, self._args.team, model=self._args.placed.name)},
            spec=spec,
            opts=self._child,
        )


def host_of(name: str, model: Model) -> str:
    """The host by which the cluster knows the model: that of its split where it has a challenger."""
    return f"{name}-{'split' if model.challenger else 'predictor'}.{model.team}.svc.cluster.local"


def pod_port(model: Model) -> int:
    """Where the load balancer reaches the pods that answer for the model."""
    return behind("", model).port


def listener_port(name: str) -> int:
    """One of `PORTS`, and the same whatever other models there are: a new one then moves no listener but its own."""
    first, last = PORTS
    return first + zlib.crc32(name.encode()) % (last - first + 1)


def check_ports(names: Iterable[str]) -> None:
    """Two models in some fifty thousand get the same port.

    Raises
    ------
    InputError
        Two of these do: the load balancer refuses the second listener.
    """
    taken: dict[int, str] = {}
    for name in names:
        other = taken.setdefault(listener_port(name), name)
        if other != name:
            raise InputError(
                f"the load balancer of models on the cluster would give {name} the port of {other}",
                key=f"models.{name}",
                remedy="rename one of the two",
            )


def behind(name: str, model: Model) -> Behind:
    """Knative's gateway for cluster-local hosts, which also wakes a model at rest; in Standard mode the model's own pods."""
    if _knative(model):
        return Behind(namespace=GATEWAY_NAMESPACE, service=GATEWAY_SERVICE, port=GATEWAY_PORT, health_path=None)
    port = _RECORDER if model.data_capture_percent else _SERVER
    return Behind(namespace=model.team, service=f"{name}-predictor", port=port, health_path="/ping")


def network_rules(name: str, model: Model, way: PrivateWay) -> dict[str, tuple[str, dict[str, Any]]]:
    """Short name → namespace and spec of each NetworkPolicy: who reaches the model's pods."""
    pods = {"matchExpressions": [{"key": _SERVICE_LABEL, "operator": "In", "values": [name, f"{name}-challenger"]}]}
    if not _knative(model):
        return {"from-front-door": (model.team, from_addresses(pods, way.subnet_cidrs, behind(name, model).port))}
    serving = {"namespaceSelector": {"matchLabels": {_SPACE_LABEL: GATEWAY_NAMESPACE}}}
    monitoring = {"namespaceSelector": {"matchLabels": {_SPACE_LABEL: "monitoring"}}}
    rules = {"from-knative": (model.team, _from(pods, [serving, monitoring]))}
    if model.challenger:
        graph = {"matchLabels": {_GRAPH_LABEL: f"{name}-split"}}
        rules["split-from-knative"] = (model.team, _from(graph, [serving]))
        sender = {"namespaceSelector": {"matchLabels": {_SPACE_LABEL: model.team}}, "podSelector": graph}
        ports = [{"protocol": "TCP", "port": GATEWAY_PORT}]
        rules["split-to-knative"] = (GATEWAY_NAMESPACE, _from({"matchLabels": GATEWAY_PODS}, [sender], ports))
    return rules


def _knative(model: Model) -> bool:
    return model.kserve is not None and model.kserve.deployment_mode == "Knative"


def _from(pods: dict[str, Any], peers: list[dict[str, Any]], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {"from": peers}
    if ports:
        rule["ports"] = ports
    return {"podSelector": pods, "policyTypes": ["Ingress"], "ingress": [rule]}
