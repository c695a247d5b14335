"""Words without quotes mean what they mean to Argo.

The expected values are what `sigs.k8s.io/yaml` v1.4.0 made of `v: WORD`, the library Argo 3.7.4 reads manifests with.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.errors import InputError
from mlctl.workflow.model.parameter import text_of
from mlctl.workflow.render import _text
from mlctl.workflow.yaml_document import read_documents

WORDS: dict[str, Any] = {
    "y": True,
    "n": False,
    "Y": True,
    "N": False,
    "yes": True,
    "no": False,
    "on": True,
    "off": False,
    "On": True,
    "OFF": False,
    "true": True,
    "True": True,
    "tRue": "tRue",
    "null": None,
    "Null": None,
    "~": None,
    "12:30": "12:30",
    "12:30:45": "12:30:45",
    "2024-01-01": "2024-01-01",
    "2024-01-01T10:00:00Z": "2024-01-01T10:00:00Z",
    "2024-01-01 10:00:00": "2024-01-01 10:00:00",
    "1e3": 1000.0,
    "1E3": 1000.0,
    "1.e3": 1000.0,
    "1.5e-3": 0.0015,
    ".5": 0.5,
    "-.5": -0.5,
    "+5": 5,
    "-5": -5,
    "0x1F": 31,
    "0X1f": 31,
    "0b101": 5,
    "0B11": 3,
    "0o17": 15,
    "0O17": 15,
    "017": 15,
    "08": 8.0,
    "09.5": 9.5,
    "1_000": 1000,
    "1_0.5": 10.5,
    "0_7": 7,
    "_1": "_1",
    "18446744073709551615": 18446744073709551615,
    "18446744073709551616": 1.8446744073709552e19,
    "-9223372036854775808": -9223372036854775808,
    "-9223372036854775809": -9.223372036854776e18,
    "123456789012345678901234567890": 1.2345678901234568e29,
    "=": "=",
    "<": "<",
    "1.": 1.0,
    "+": "+",
    ".": ".",
    "1.2.3": "1.2.3",
    "1e": "1e",
    "0x": "0x",
    "0b2": "0b2",
    "00": 0,
    "007": 7,
    "-0": 0,
    "-0x1f": -31,
    "+0x1f": 31,
    "1.0": 1.0,
    "100.0": 100.0,
    "1e21": 1e21,
    "1e-7": 1e-07,
    "0.1": 0.1,
}


def read(word: str, folder: Path) -> Any:
    file = folder / "word.yaml"
    file.write_text(f"v: {word}\n")
    return read_documents(file)[0].value["v"]


@pytest.mark.parametrize(("word", "value"), WORDS.items())
def test_a_word(word: str, value: Any, tmp_path: Path) -> None:
    found = read(word, tmp_path)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("word", [".inf", "-.inf", ".nan"])
def test_what_json_cannot_hold(word: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a number"):
        read(word, tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (0.5, "0.5"), (1e-7, "0.0000001"), (1e21, "1000000000000000000000"), (True, "true"), (-3, "-3"), (100, "100"),
        (9007199254740993, "9007199254740992"), ("1e3", "1e3"),
    ],
)  # fmt: skip
def test_a_parameter_as_text(value: Any, text: str) -> None:
    """As Go's `strconv.FormatFloat(value, 'f', -1, 64)` writes it."""
    assert text_of(value) == text


def test_rendered_text_is_read_back_as_text(tmp_path: Path) -> None:
    texts = {f"k{index}": word for index, word in enumerate(WORDS)}
    file = tmp_path / "rendered.yaml"
    file.write_text(_text(texts))
    assert read_documents(file)[0].value == texts
    assert yaml.safe_load(file.read_text()) == texts, "and by those who read YAML as Python does"
