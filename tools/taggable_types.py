"""Writes policies/tagging/taggable_types.txt: the type tokens of the installed AWS SDK that take tags.

.venv/bin/python -m tools.taggable_types
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

TARGET = Path(__file__).parents[1] / "policies" / "tagging" / "taggable_types.txt"

_TOKEN = re.compile(r"super\(\w+, __self__\)\.__init__\(\s*'(aws:[^']+)'")
_TAGS = re.compile(r"def _internal_init\(__self__,[^)]*\btags: ")


def taggable_types() -> list[str]:
    """Every token whose resource class takes a `tags` argument, sorted."""
    spec = importlib.util.find_spec("pulumi_aws")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pulumi_aws is not installed")
    found = set()
    for path in Path(spec.submodule_search_locations[0]).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        token = _TOKEN.search(text)
        if token and _TAGS.search(text):
            found.add(token[1])
    return sorted(found)


if __name__ == "__main__":
    TARGET.write_text("\n".join(taggable_types()) + "\n", encoding="utf-8")
