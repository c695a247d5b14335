"""A chart is the one that was tested."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule

_EXACT = re.compile(r"^v?\d+\.\d+\.\d+([-+][\w.+-]+)?$")


@resource_rule(
    id="kubernetes-chart-pinned",
    title="Helm charts are named by exact version",
    severity=Severity.HIGH,
    types=("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"),
    why="A chart without a version is another one tomorrow.",
    remediation="Set version to an exact one such as 1.2.3; infra/charts.py holds them.",
    allowed={"chart": "argo-workflows", "version": "0.45.1"},
    disallowed={"chart": "argo-workflows"},
)
def chart_pinned(args: ResourceValidationArgs) -> Iterator[str]:
    version = str(args.props.get("version", ""))
    if not _EXACT.match(version):
        yield f"its version is {version or 'not given'}"
