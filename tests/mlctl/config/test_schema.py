"""The schema that editors use is the model's own, and says of each key what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mlctl.config.schema import schema_text

ENVIRONMENTS = Path(__file__).parents[3] / "environments"
SCHEMA = json.loads(schema_text())


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_shipped_files_satisfy_it_and_name_it(name: str) -> None:
    text = (ENVIRONMENTS / f"{name}.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    jsonschema.validate(yaml.safe_load(text), SCHEMA)


def test_it_refuses_unknown_keys() -> None:
    value = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text())
    value["cluster"]["node_pool"] = []
    with pytest.raises(jsonschema.ValidationError, match="node_pool"):
        jsonschema.validate(value, SCHEMA)


def described(schema: dict[str, Any]) -> bool:
    """By its own words, or by those of the section it refers to (pydantic writes equal ones once)."""
    reference = schema.get("$ref", "").removeprefix("#/$defs/")
    return bool(schema.get("description") or (reference and SCHEMA["$defs"][reference].get("description")))


def test_every_key_of_every_section_is_described() -> None:
    sections = {"Environment": SCHEMA, **SCHEMA["$defs"]}
    missing = [
        f"{section}.{key}"
        for section, schema in sections.items()
        for key, property_schema in schema.get("properties", {}).items()
        if not described(property_schema)
    ]
    assert missing == []
