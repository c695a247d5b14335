"""Whatever is written into a manifest, it is read, or refused with an InputError: never a traceback of ours."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.errors import InputError
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.validation.check import check

ACCEPTED = sorted((Path(__file__).parents[1] / "manifests/accepted").glob("*.yaml"))
ODD: list[Any] = [None, "", "x", 0, -1, 1.5, True, [], {}, [None], [[]], {"name": "x"}, "{{", "{{=}}", "{{x}}", "{{=1+}}"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def changed(document: Any, chance: random.Random) -> Any:
    document = copy.deepcopy(document)
    *above, last = chance.choice(places(document))
    target = document
    for key in above:
        target = target[key]
    if chance.random() < 0.2:
        del target[last]
    else:
        target[last] = chance.choice(ODD)
    return document


@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: file.stem)
def test_a_damaged_manifest_is_read_or_refused(file: Path, tmp_path: Path) -> None:
    chance = random.Random(file.stem)
    documents = list(yaml.safe_load_all(file.read_text()))
    for _ in range(25):
        damaged = list(documents)
        damaged[0] = changed(documents[0], chance)
        target = tmp_path / "damaged.yaml"
        target.write_text(yaml.safe_dump_all(damaged))
        try:
            check(load_catalog(target))
        except InputError as error:
            assert error.file is not None
