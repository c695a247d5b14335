"""A namespace refuses dangerous pods, whoever makes them."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import resource_rule

_LABEL = "pod-security.kubernetes.io/enforce"


@resource_rule(
    id="kubernetes-namespace-pod-security",
    title="Namespaces enforce a pod security level",
    severity=Severity.HIGH,
    types=("kubernetes:core/v1:Namespace",),
    why="Charts and users make pods that no plan shows; the namespace judges those.",
    remediation="Add the label pod-security.kubernetes.io/enforce: baseline or restricted.",
    allowed={"metadata": {"labels": {_LABEL: "restricted"}}},
    disallowed={"metadata": {"labels": {_LABEL: "privileged"}}},
)
def namespace_pod_security(args: ResourceValidationArgs) -> Iterator[str]:
    labels = value_at(args.props, "metadata.labels") or {}
    if labels.get(_LABEL) not in ("baseline", "restricted"):
        yield f"its pod security level is {labels.get(_LABEL, 'not set')}"
