"""No database password passes through a program."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-rds-password-managed",
    title="RDS makes and rotates the database password",
    severity=Severity.HIGH,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    why="A password in an input is in the state file and in the history.",
    remediation="Remove password and set manage_master_user_password to True.",
    allowed={"manageMasterUserPassword": True},
    disallowed={"password": "[secret]"},
)
def rds_password_managed(args: ResourceValidationArgs) -> Iterator[str]:
    written = [key for key in ("password", "masterPassword", "passwordWo") if given(args.props, key)]
    if written:
        yield f"{written[0]} is given in the program"
    elif not true(args.props.get("manageMasterUserPassword")) and not given(args.props, "replicateSourceDb"):
        yield "manage_master_user_password is off"
