"""No secret's content stands in a program."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, known
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-secret-referenced",
    title="Kubernetes secrets come from Secrets Manager",
    severity=Severity.HIGH,
    types=("kubernetes:core/v1:Secret",),
    why="A secret written by a program is in its state.",
    remediation="Use an ExternalSecret that names the secret in Secrets Manager.",
    allowed={"type": "Opaque"},
    disallowed={"stringData": {"password": "[secret]"}},
)
def secret_referenced(args: ResourceValidationArgs) -> Iterator[str]:
    if any(given(args.props, key) and known(args.props, key) != {} for key in ("stringData", "data")):
        yield "its content is written by the program"
