"""What a rule is in one environment: its own header, overlaid by `policy.rules` of the environment file."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from pulumi_policy import EnforcementLevel

from mlctl.checks.discovery import SdkPolicy
from mlctl.checks.verdict import RuleFacts
from mlctl.config.gates import Policy
from mlctl.errors import InputError
from mlctl.finding import Enforcement, Severity


def rule_facts(rule: SdkPolicy, policy: Policy) -> RuleFacts:
    """Title, severity, remediation and enforcement of a rule in an environment."""
    severity = Severity(rule.severity.value) if rule.severity else Severity.MEDIUM
    return setting_facts(
        rule.name,
        rule.display_name or rule.description,
        severity,
        rule.remediation_steps or rule.description,
        own_enforcement(rule),
        policy,
    )


def setting_facts(name: str, title: str, severity: Severity, remediation: str, enforcement: Enforcement, policy: Policy) -> RuleFacts:
    """The same for a rule that is no CrossGuard policy."""
    setting = policy.rules.get(name)
    return RuleFacts(
        id=name,
        title=title,
        severity=(setting and setting.severity) or severity,
        remediation=remediation,
        enforcement=(setting and setting.enforcement) or enforcement,
        blocks_unknown=policy.not_evaluated == "block",
    )


def own_enforcement(rule: SdkPolicy) -> Enforcement:
    """The rule's own enforcement; what would be remediated in the engine is demanded in the gate."""
    level = rule.enforcement_level
    if level is EnforcementLevel.REMEDIATE:
        return Enforcement.MANDATORY
    return Enforcement(level.value) if level else Enforcement.ADVISORY


def check_settings(policy: Policy, known: Collection[str], file: str | None = None) -> None:
    """Refuse a setting of a rule that does not exist: it would silently do nothing.

    Raises
    ------
    InputError
        `policy.rules` names a rule that is neither in `known` nor Checkov's.
    """
    for name in policy.rules:
        if name not in known and not name.startswith(("CKV_", "CKV2_", "CKV3_")):
            near = difflib.get_close_matches(name, list(known), n=1)
            remedy = f"did you mean {near[0]}?" if near else "`mlctl policies list` prints the rules"
            raise InputError("there is no rule of this id", file=file, key=f"policy.rules.{name}", remedy=remedy)
