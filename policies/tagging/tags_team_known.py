"""A team tag names a team that exists."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.tagging.tags import TAGGABLE, tags


@resource_rule(
    id="tags-team-known",
    title="The team tag names a team of the environment",
    severity=Severity.MEDIUM,
    types=TAGGABLE,
    why="A misspelt team has no budget and no owner.",
    remediation="Use the name of one of the environment's teams.",
    allowed={"tags": {"team": "lending"}},
    disallowed={"tags": {"team": "landing"}},
)
def tags_team_known(args: ResourceValidationArgs) -> Iterator[str]:
    found, teams = tags(args), Settings(args.get_config()).teams
    if "team" in found and found["team"] not in teams:
        yield f"its team is {found['team']}; the environment has {', '.join(teams)}"
