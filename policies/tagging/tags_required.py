"""Everything says whose it is."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.rule import resource_rule
from policies.settings import Settings
from policies.tagging.tags import TAGGABLE, tags


@resource_rule(
    id="tags-required",
    title="Every AWS resource carries the required tags",
    severity=Severity.MEDIUM,
    types=TAGGABLE,
    why="A cost without a team is paid by everybody, an incident without a team is mended by nobody.",
    remediation="Use the stack's provider, whose default_tags carry them, or add the tags to the resource.",
    allowed={"tags": {"environment": "prod", "team": "lending", "cost-centre": "CC-2", "service": "serving", "managed-by": "pulumi"}},
    disallowed={"tags": {"environment": "prod"}},
)
def tags_required(args: ResourceValidationArgs) -> Iterator[str]:
    found = tags(args)
    missing = [key for key in Settings(args.get_config()).required_tags if key not in found]
    if missing:
        yield f"lacks the tags {', '.join(missing)}"
