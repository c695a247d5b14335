"""A namespace belongs to a team."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import value_at
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="kubernetes-namespace-team-known",
    title="Every namespace carries the label of a team",
    severity=Severity.MEDIUM,
    types=("kubernetes:core/v1:Namespace",),
    why="OpenCost charges what runs in a namespace to the team on its label.",
    remediation="Add metadata.labels.team with one of the environment's teams.",
    allowed={"metadata": {"name": "lending", "labels": {"team": "lending"}}},
    disallowed={"metadata": {"name": "lending"}},
)
def namespace_team_known(args: ResourceValidationArgs) -> Iterator[str]:
    team, teams = value_at(args.props, "metadata.labels.team"), Settings(args.get_config()).teams
    if team not in teams:
        yield f"its team label is {team or 'missing'}; the environment has {', '.join(teams)}"
