"""The JSON schema of environment files, generated from the typed model."""

from __future__ import annotations

import json
from typing import Any

from mlctl.config.environment import Environment


def schema_text() -> str:
    """The text of environments/schema.json."""
    schema = Environment.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "An environment of the ML platform"
    return json.dumps(_tidy(schema), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: Any) -> Any:
    """One-line descriptions; generated titles, which only repeat the key, are dropped."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidy(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    if isinstance(tidied.get("description"), str):
        tidied["description"] = " ".join(tidied["description"].split())
    if tidied.get("default") in ({}, []):
        del tidied["default"]
    return tidied
