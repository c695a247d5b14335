"""The infracost format satisfies Infracost's published JSON schema, which infracost_shape.yaml states key by key."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mlctl.config import load_environment
from mlctl.cost.estimate import Estimate, estimate
from mlctl.cost.infracost import Commit, infracost
from mlctl.cost.price_file import load_prices
from mlctl.cost.usage import load_defaults
from mlctl.plan.model import UNKNOWN, Plan

ROOT = Path(__file__).parents[3]
SHAPE: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "infracost_shape.yaml").read_text(encoding="utf-8"))
KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "whole": {"type": "integer"},
    "flag": {"type": "boolean"},
    "any": {},
    "object": {"type": "object"},
    "number": {"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$"},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
    "wholes": {"type": "object", "additionalProperties": {"type": "integer"}},
}
"""`number` asks for digits, which the published schema does not: it takes any text."""


def _kind(kind: str | list[str]) -> dict[str, Any]:
    if isinstance(kind, list):
        return {"type": "array", "items": _kind(kind[0])}
    return KINDS.get(kind, {"$ref": f"#/definitions/{kind}"})


def _schema() -> dict[str, Any]:
    definitions = {
        name: {
            "type": "object",
            "required": [key[:-1] for key in keys if key.endswith("!")],
            "properties": {key.rstrip("!"): _kind(kind) for key, kind in keys.items()},
            "additionalProperties": False,
        }
        for name, keys in SHAPE.items()
    }
    return {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": "#/definitions/Root", "definitions": definitions}


SCHEMA = _schema()
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def problems(document: Any) -> list[str]:
    """What the schema says against a document, as a reader of the JSON text would see it."""
    found = VALIDATOR.iter_errors(json.loads(json.dumps(document)))
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}"[:300] for one in found]


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMMIT = Commit(branch="main", sha="0" * 40, author_name="A", author_email="a@acme.example", time=NOW, message="m")


@pytest.fixture
def pair(resource: Any, estimate_of: Any) -> Any:
    nat = resource("aws:ec2/natGateway:NatGateway", "nat", {}, file="stacks/x.py", line=3)
    members = [
        nat,
        resource("aws:iam/role:Role", "role", {}),
        resource("aws:qldb/ledger:Ledger", "book", {}),
        resource("aws:ebs/volume:Volume", "disk", {"size": UNKNOWN, "type": "gp3"}),
    ]
    return estimate_of(*members, defaults=load_defaults()), estimate_of(nat, defaults=load_defaults())


def test_the_document_satisfies_the_schema(pair: Any, estimate_of: Any) -> None:
    assert problems(infracost([(pair[0], None)], COMMIT, generated=NOW)) == []
    assert problems(infracost([pair], COMMIT, generated=NOW)) == []
    assert problems(infracost([pair[::-1]], COMMIT, generated=NOW)) == []
    empty = estimate_of()
    assert problems(infracost([(empty, empty)], COMMIT, generated=NOW)) == []
    assert problems(infracost([], COMMIT, generated=NOW)) == []


@pytest.fixture(scope="module")
def shipped(plan_variant: Callable[..., Plan]) -> Mapping[str, tuple[Estimate, Estimate]]:
    """(with models pinned, as shipped) of each environment."""
    found = {}
    for name in ("dev", "staging", "prod"):
        environment = load_environment(ROOT / "environments" / f"{name}.yaml")
        pinned = plan_variant({"models.credit-risk.version": 3, "models.churn.version": 2}, base=name)
        plans = (pinned, plan_variant({}, base=name))
        after, before = (estimate(plan, environment, load_prices(), today=date(2026, 11, 20)) for plan in plans)
        found[name] = (after, before)
    return found


def test_the_shipped_environments_satisfy_the_schema(shipped: Mapping[str, tuple[Estimate, Estimate]]) -> None:
    document = infracost(list(shipped.values()), COMMIT, generated=NOW)
    assert problems(document) == []
    assert len(document["projects"]) > 3 * 5
    for after, before in shipped.values():
        for pair in ((after, None), (after, before)):
            assert problems(infracost([pair], COMMIT, generated=NOW)) == []


def _places(schema: Mapping[str, Any], value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """(path to an object, name of its definition) for the first of each list."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield path, name
        for key, inner in SCHEMA["definitions"][name]["properties"].items():
            if key in value:
                yield from _places(inner, value[key], (*path, key))
    elif schema.get("type") == "array" and value:
        yield from _places(schema["items"], value[0], (*path, 0))


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


def test_the_schema_refuses_what_lacks_a_key_or_has_one_too_many(pair: Any) -> None:
    document = infracost([pair], COMMIT, generated=NOW)
    seen = set()
    for path, name in _places({"$ref": "#/definitions/Root"}, document):
        seen.add(name)
        for key in SCHEMA["definitions"][name]["required"]:
            broken = copy.deepcopy(document)
            del _at(broken, path)[key]
            assert any(f"'{key}' is a required property" in one for one in problems(broken)), (path, key)
        broken = copy.deepcopy(document)
        _at(broken, path)["surprise"] = "1"
        assert any("'surprise' was unexpected" in one for one in problems(broken)), path
    assert seen == {"Root", "Metadata", "Project", "ProjectMetadata", "Breakdown", "Resource", "Component", "Summary"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("totalMonthlyCost",), 33.75),
        (("totalMonthlyCost",), "3.3E+1"),
        (("timeGenerated",), "yesterday"),
        (("metadata", "vcsCommitTimestamp"), "2026-11-20"),
        (("summary", "totalDetectedResources"), "5"),
        (("projects", 0, "breakdown", "resources", 0, "tags"), {"team": None}),
    ],
)
def test_the_schema_refuses_other_kinds_of_value(pair: Any, path: tuple[Any, ...], value: Any) -> None:
    document = copy.deepcopy(infracost([pair], COMMIT, generated=NOW))
    _at(document, path[:-1])[path[-1]] = value
    assert len(problems(document)) == 1


def test_the_figures_are_the_estimates(pair: Any) -> None:
    after, before = pair
    document = infracost([(after, before)], COMMIT, generated=NOW)
    assert Decimal(document["totalMonthlyCost"]) == after.expected_usd
    assert Decimal(document["pastTotalMonthlyCost"]) == before.expected_usd
    assert Decimal(document["diffTotalMonthlyCost"]) == after.expected_usd - before.expected_usd
    [stack] = [project for project in document["projects"] if project["name"] == "prod/s"]
    [nat] = [one for one in stack["breakdown"]["resources"] if one["name"] == "nat"]
    assert nat["metadata"]["filename"] == "stacks/x.py"
    assert [(one["name"], one["monthlyQuantity"], one["price"], one["monthlyCost"]) for one in nat["costComponents"]] == [
        ("NAT gateway", "730", "0.045", "32.85"),
        ("Data processed", "20", "0.045", "0.9"),
    ]
    assert [one["name"] for one in stack["breakdown"]["freeResources"]] == ["role"]
    assert stack["summary"]["unsupportedResourceCounts"] == {"aws:ebs/volume:Volume": 1, "aws:qldb/ledger:Ledger": 1}


def test_what_is_not_known_is_null_and_not_zero(pair: Any) -> None:
    document = infracost([(pair[0], None)], COMMIT, generated=NOW)
    [stack] = [project for project in document["projects"] if project["name"] == "prod/s"]
    [disk] = [one for one in stack["breakdown"]["resources"] if one["name"] == "disk"]
    assert disk["costComponents"][0]["monthlyQuantity"] is None
    assert disk["costComponents"][0]["monthlyCost"] is None
