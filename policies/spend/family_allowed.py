"""Only instance families that somebody decided on."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.spend.instances import INSTANCES, families


@resource_rule(
    id="spend-family-allowed",
    title="Instances are of the allowed families",
    severity=Severity.HIGH,
    types=INSTANCES,
    why="One letter in an instance type can multiply its price.",
    remediation="Choose a family of policy.allowed_instance_families, or add the family there in a pull request.",
    allowed={"instanceType": "m6i.large", "@type": "aws:ec2/instance:Instance"},
    disallowed={"instanceType": "p4d.24xlarge", "@type": "aws:ec2/instance:Instance"},
)
def family_allowed(args: ResourceValidationArgs) -> Iterator[str]:
    allowed = Settings(args.get_config()).allowed_families
    for family in families(args.resource_type, args.props):
        if family not in allowed:
            yield f"uses family {family}; allowed: {', '.join(sorted(allowed))}"
