"""Admission control of the teams' namespaces."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.cluster.admission_rule import AdmissionRule
from infra.cluster.admission_rules import admission_rules
from infra.labels import labels
from mlctl.config.team import Team

TEAM_LABEL = "ml-platform/team"
"""Namespaces that carry it are judged: those of the teams."""


class Admission(pulumi.ComponentResource):
    """Creates a ValidatingAdmissionPolicy and its binding per rule: pods without the team's labels, GPU pods without a limit, images that
    may change under their tag, and pods that pass themselves off as a served model are refused.
    """

    def __init__(self, name: str, team: Team, registry: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:Admission", name, {}, opts)
        for short, rule in admission_rules(registry).items():
            policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
                short,
                metadata={"name": short, "labels": labels(short, team)},
                spec=_spec(rule),
                opts=pulumi.ResourceOptions(parent=self),
            )
            kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
                short,
                metadata={"name": short, "labels": labels(short, team)},
                spec=_binding(short),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        self.register_outputs({})


def _binding(policy: str) -> Any:
    teams = {"matchExpressions": [{"key": TEAM_LABEL, "operator": "Exists"}]}
    return {"policyName": policy, "validationActions": ["Deny", "Audit"], "matchResources": {"namespaceSelector": teams}}


def _spec(rule: AdmissionRule) -> Any:
    matched = [
        {"apiGroups": [group], "apiVersions": ["v1"], "operations": list(rule.operations), "resources": list(resources)}
        for group, resources in rule.resources.items()
    ]
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": matched},
        "variables": [{"name": key, "expression": expression} for key, expression in rule.variables.items()],
        "validations": [
            {"expression": item.expression, "messageExpression": item.message, "reason": "Invalid"} for item in rule.validations
        ],
    }
