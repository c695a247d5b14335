"""The page about the proofs speaks of the proofs there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import versions
from tests.engine.fidelity import COMPARISONS, EXPLAINED, NOT_PROVEN, Fidelity

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"


def whole(**differences: list[str]) -> Fidelity:
    fidelity = Fidelity(versions={"etcd": "v1"})
    for name in COMPARISONS:
        fidelity.record(name, 3, differences.get(name, []))
    return fidelity


def test_a_run_is_whole_when_everything_was_compared() -> None:
    fidelity = whole()
    assert fidelity.complete
    del fidelity.compared["pods"]
    assert not fidelity.complete


def test_counts_add_up() -> None:
    fidelity = whole()
    fidelity.record("pods", 4, ["one"])
    assert f"| {COMPARISONS['pods']} | 7 | 1 |" in fidelity.page()


def test_a_difference_stands_on_the_page() -> None:
    assert "## Differences\n\n- objects: a Pod is refused\n" in whole(objects=["a Pod is refused"]).page()
    assert "## Differences" not in whole().page()


def test_a_comparison_that_nobody_named_is_an_error() -> None:
    with pytest.raises(KeyError):
        Fidelity().record("something", 1, [])


def test_the_page_is_of_these_proofs_and_versions() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for sentence in (*COMPARISONS.values(), *(f"**{name}**: {why}" for name, why in (NOT_PROVEN | EXPLAINED).items())):
        assert sentence in text, "run `make test-engine`"
    for name, version in versions().items():
        assert f"- {name} {version}\n" in text, "run `make test-engine`"
    assert "## Differences" not in text
