"""KServe, and Knative below it: models served on the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.charts import KNATIVE_OPERATOR, KSERVE, KSERVE_CRD, release
from infra.labels import labels
from infra.namespace import namespace
from infra.platform.custom_resource import custom_resource
from mlctl.config.team import Team

NAMESPACE = "kserve"
_OPERATOR = "knative-operator"
_SERVING = "knative-serving"
_GATEWAY = "kourier-system"

GATEWAY_NAMESPACE = _SERVING
"""Where the operator puts Kourier's gateway: beside Knative, and not into a namespace of its own as Kourier's own manifest does."""
GATEWAY_PODS = {"app": "3scale-kourier-gateway"}
GATEWAY_SERVICE = "kourier-internal"
"""The gateway for hosts of the cluster (`*.svc.cluster.local`), port 80 to `GATEWAY_PORT` of its pods."""
GATEWAY_PORT = 8081


@dataclass(frozen=True, slots=True, kw_only=True)
class KServeArgs:
    """Under which domain models answer inside the cluster, and how many of everything."""

    domain: str
    replicas: int
    registry: str
    """Host of the environment's own ECR, whose immutable tags need no look-up."""
    team: Team


class KServe(pulumi.ComponentResource):
    """Creates the Knative operator and with it Knative Serving behind Kourier (for canary weights and scaling to zero); KServe's CRDs;
    its controller, in Knative mode where a model says nothing else; and the NetworkPolicy that closes the gateway to all but Knative. Who
    else may come in is said with each model.
    """

    def __init__(self, name: str, args: KServeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:KServe", name, {}, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        names = (_OPERATOR, _SERVING, _GATEWAY, NAMESPACE)
        spaces = {space: namespace(space, team=args.team, level="baseline", opts=child) for space in names}
        operator = release(
            KNATIVE_OPERATOR,
            namespace=_OPERATOR,
            values={},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[spaces[_OPERATOR]]),
        )
        after_operator = pulumi.ResourceOptions(parent=self, depends_on=[operator, spaces[_SERVING], spaces[_GATEWAY]])
        serving = custom_resource(
            f"{name}-knative",
            api="operator.knative.dev/v1beta1",
            kind="KnativeServing",
            name="knative-serving",
            namespace=_SERVING,
            team=args.team,
            spec=self._knative(),
            opts=after_operator,
        )
        self._close_gateway(spaces[_SERVING])
        crds = release(KSERVE_CRD, namespace=NAMESPACE, values={}, opts=pulumi.ResourceOptions(parent=self, depends_on=[spaces[NAMESPACE]]))
        after = pulumi.ResourceOptions(parent=self, depends_on=[crds, serving])
        self.release = release(KSERVE, namespace=NAMESPACE, values=self._values(), opts=after)
        self.register_outputs({"namespace": NAMESPACE})

    def _close_gateway(self, space: pulumi.Resource) -> None:
        """It asks nobody who they are: whoever reaches it calls every model of every team."""
        name = "close-gateway"
        kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-gateway",
            metadata={"name": name, "namespace": GATEWAY_NAMESPACE, "labels": labels(name, self._args.team)},
            spec={"podSelector": {"matchLabels": GATEWAY_PODS}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}]}]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[space]),
        )

    def _knative(self) -> dict[str, Any]:
        return {
            "version": "1.20",
            "high-availability": {"replicas": self._args.replicas},
            "ingress": {"kourier": {"enabled": True, "service-type": "ClusterIP"}},
            "config": {
                "network": {"ingress-class": "kourier.ingress.networking.knative.dev"},
                "domain": {f"models.{self._args.domain}": ""},
                "features": {
                    "kubernetes.podspec-nodeselector": "enabled",
                    "kubernetes.podspec-priorityclassname": "enabled",
                    "kubernetes.podspec-tolerations": "enabled",
                    "kubernetes.podspec-securitycontext": "enabled",
                    "secure-pod-defaults": "enabled",
                },
                "deployment": {"registries-skipping-tag-resolving": self._args.registry},
                # Both are off by default since Knative speaks OpenTelemetry, and then nobody counts the requests to a model.
                "observability": {"metrics-protocol": "prometheus", "request-metrics-protocol": "prometheus"},
            },
        }

    def _values(self) -> dict[str, Any]:
        gateway = {
            "domain": f"models.{self._args.domain}",
            "disableIngressCreation": False,
            "disableIstioVirtualHost": True,
            "ingressGateway": {"enableGatewayApi": False},
        }
        return {"kserve": {"controller": {"deploymentMode": "Knative", "gateway": gateway}}}
