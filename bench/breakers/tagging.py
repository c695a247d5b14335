"""Breaks tags and labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.breakers.way import Breaker, Edit, Way, put
from mlctl.plan.model import Resource

AWS_PROVIDER = ("pulumi:providers:aws",)
REPOSITORY = ("aws:ecr/repository:Repository",)
KEY = ("aws:kms/key:Key",)
BUCKET = ("aws:s3/bucket:Bucket",)


def _default_tags(change: Callable[[dict[str, Any]], None]) -> Edit:
    def edit(resource: Resource) -> Resource:
        given = resource.inputs.get("defaultTags")
        if not isinstance(given, str):
            return resource
        parsed = json.loads(given)
        change(parsed["tags"])
        return replace(resource, inputs={**resource.inputs, "defaultTags": json.dumps(parsed)})

    return edit


def _without_tag(key: str) -> Way:
    return Way(f"default tags without {key}", _default_tags(lambda tags: tags.pop(key, None)))


def _with_tag(key: str, value: str) -> Way:
    return Way(f"default tag {key} = {value}", _default_tags(lambda tags: tags.update({key: value})))


TAGGING: tuple[Breaker, ...] = (
    Breaker(
        "tags-required", AWS_PROVIDER, tuple(_without_tag(key) for key in ("environment", "team", "cost-centre", "service", "managed-by"))
    ),
    Breaker("tags-team-known", AWS_PROVIDER, (_with_tag("team", "nobody"),)),
    Breaker("tags-cost-centre-matches", AWS_PROVIDER, (_with_tag("cost-centre", "CC-0"),)),
    Breaker("tags-environment-matches", AWS_PROVIDER, (_with_tag("environment", "elsewhere"),)),
    Breaker("tags-cost-centre-matches", (*BUCKET, *REPOSITORY, *KEY), (put("tags.cost-centre", "CC-0"),)),
    Breaker("tags-team-known", (*BUCKET, *REPOSITORY, *KEY), (put("tags.team", "nobody"),)),
)
