"""The environment tag is true."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.tagging.tags import TAGGABLE, tags


@resource_rule(
    id="tags-environment-matches",
    title="The environment tag names this environment",
    severity=Severity.LOW,
    types=TAGGABLE,
    why="Cost per environment and the rights of deploy roles go by this tag.",
    remediation="Leave the tag to the provider's default_tags.",
    allowed={"tags": {"environment": "prod"}},
    disallowed={"tags": {"environment": "dev"}},
)
def tags_environment_matches(args: ResourceValidationArgs) -> Iterator[str]:
    found, name = tags(args), Settings(args.get_config()).name
    if "environment" in found and found["environment"] != name:
        yield f"its environment tag is {found['environment']}, not {name}"
