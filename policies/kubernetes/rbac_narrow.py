"""No role in the cluster may do everything."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-rbac-narrow",
    title="Cluster roles name verbs and resources",
    severity=Severity.CRITICAL,
    types=("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role"),
    why="A pod with such a role owns the cluster.",
    remediation="List verbs and resources; never * for either, nor escalate, bind or impersonate.",
    allowed={"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]},
    disallowed={"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
)
def rbac_narrow(args: ResourceValidationArgs) -> Iterator[str]:
    for rule in items(args.props.get("rules")):
        verbs, resources = items(rule.get("verbs")), items(rule.get("resources"))
        if "*" in verbs:
            yield f"allows every verb on {', '.join(map(str, resources))}"
        elif "*" in resources and set(verbs) - {"get", "list", "watch"}:
            yield f"allows {', '.join(map(str, verbs))} on every resource"
        for verb in ("escalate", "bind", "impersonate"):
            if verb in verbs:
                yield f"allows {verb}"
