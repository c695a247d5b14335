"""In a team's namespace nothing speaks unless it is allowed."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import items, value_at
from policies.rule import Part, relation_rule
from policies.stack import Stack

_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_SPACE = {"metadata": {"name": "lending"}}
_CLOSED = {"metadata": {"namespace": "lending"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}
_OPEN = {"metadata": {"namespace": "lending"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}


@relation_rule(
    id="kubernetes-namespace-network-closed",
    title="Every team namespace denies traffic by default",
    severity=Severity.MEDIUM,
    types=("kubernetes:core/v1:Namespace",),
    related=(_POLICY,),
    why="A compromised pod should reach nothing it does not need.",
    remediation="Add a NetworkPolicy with an empty pod_selector, policy_types Ingress, and no rule.",
    allowed=(Part(type="kubernetes:core/v1:Namespace", name="n", props=_SPACE), Part(type=_POLICY, name="deny", props=_CLOSED)),
    disallowed=(Part(type="kubernetes:core/v1:Namespace", name="n", props=_SPACE), Part(type=_POLICY, name="open", props=_OPEN)),
)
def namespace_network_closed(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if value_at(subject.props, "metadata.name") not in stack.settings.teams:
        return  # a namespace of the platform's own: its charts bring the policies that they can live with
    for policy in stack.pointing_at(subject, _POLICY, "metadata.namespace", "metadata.name"):
        spec = policy.props.get("spec") or {}
        everyone = not len(spec.get("podSelector") or ())
        if everyone and "Ingress" in items(spec.get("policyTypes")) and not items(spec.get("ingress")):
            return
    yield "has no policy that denies traffic by default"
