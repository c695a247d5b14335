"""A team's namespace has a ceiling."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import Part, relation_rule
from policies.stack import Stack

_QUOTA = "kubernetes:core/v1:ResourceQuota"
_SPACE = {"metadata": {"name": "lending", "labels": {"team": "lending", "purpose": "team"}}}


@relation_rule(
    id="kubernetes-namespace-quota",
    title="Every team namespace has a quota on CPU, memory and GPUs",
    severity=Severity.HIGH,
    types=("kubernetes:core/v1:Namespace",),
    related=(_QUOTA,),
    why="One loop that submits jobs must not buy every GPU.",
    remediation="Add a ResourceQuota with requests.cpu, requests.memory and requests.nvidia.com/gpu.",
    allowed=(
        Part(type="kubernetes:core/v1:Namespace", name="n", props=_SPACE),
        Part(
            type=_QUOTA,
            name="q",
            props={
                "metadata": {"namespace": "lending"},
                "spec": {"hard": {"requests.cpu": "64", "requests.memory": "256Gi", "requests.nvidia.com/gpu": "2"}},
            },
        ),
    ),
    disallowed=(Part(type="kubernetes:core/v1:Namespace", name="n", props=_SPACE),),
)
def namespace_quota(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    if value_at(subject.props, "metadata.name") not in stack.settings.teams:
        return  # a namespace of the platform's own
    quotas = stack.pointing_at(subject, _QUOTA, "metadata.namespace", "metadata.name")
    hard = {key for quota in quotas for key in value_at(quota.props, "spec.hard") or ()}
    missing = [key for key in ("requests.cpu", "requests.memory", "requests.nvidia.com/gpu") if key not in hard]
    if missing:
        yield f"has no quota on {', '.join(missing)}"
