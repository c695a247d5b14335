"""An upgrade of nodes does not take a service down."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.kubernetes.pods import CONTAINER
from policies.property import number, value_at
from policies.rule import Part, relation_rule
from policies.stack import Stack

_BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
_PLACE = {"name": "router", "namespace": "serving"}
_SERVICE = {
    "metadata": _PLACE,
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "router"}}, "template": CONTAINER.allowed["spec"]["template"]},
}


@relation_rule(
    id="kubernetes-disruption-bounded",
    title="Production services run twice and have a disruption budget",
    severity=Severity.MEDIUM,
    types=("kubernetes:apps/v1:Deployment",),
    related=(_BUDGET,),
    why="Karpenter replaces nodes all the time; a budget keeps one pod up.",
    remediation="Set replicas to 2 or more and add a PodDisruptionBudget with the same labels.",
    allowed=(
        Part(type="kubernetes:apps/v1:Deployment", name="router", props=_SERVICE),
        Part(
            type=_BUDGET,
            name="router",
            props={"metadata": _PLACE, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "router"}}}},
        ),
    ),
    disallowed=(Part(type="kubernetes:apps/v1:Deployment", name="router", props=_SERVICE),),
)
def disruption_bounded(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if not stack.settings.production:
        return
    if number(value_at(subject.props, "spec.replicas"), 1) < 2:
        yield "runs only once"
        return
    labels = value_at(subject.props, "spec.selector.matchLabels") or {}
    for budget in stack.resources(_BUDGET):
        wanted = value_at(budget.props, "spec.selector.matchLabels") or {}
        if len(wanted) and all(labels.get(key) == wanted[key] for key in wanted):
            return
    yield "has no PodDisruptionBudget"
