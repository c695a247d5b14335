"""The cost centre is the team's."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.tagging.tags import TAGGABLE, tags


@resource_rule(
    id="tags-cost-centre-matches",
    title="The cost-centre tag is that of the team",
    severity=Severity.MEDIUM,
    types=TAGGABLE,
    why="Finance charges the cost centre, budgets watch the team: they must say the same.",
    remediation="Set cost-centre together with team, from the team in the environment file.",
    allowed={"tags": {"team": "lending", "cost-centre": "CC-2"}},
    disallowed={"tags": {"team": "lending", "cost-centre": "CC-1"}},
)
def tags_cost_centre_matches(args: ResourceValidationArgs) -> Iterator[str]:
    found = tags(args)
    if "team" not in found or "cost-centre" not in found:
        return
    team = Settings(args.get_config()).teams.get(found["team"])
    if team is not None and found["cost-centre"] != team["cost_centre"]:
        yield f"its cost centre is {found['cost-centre']}; team {found['team']} has {team['cost_centre']}"
