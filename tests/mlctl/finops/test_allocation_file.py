"""Large files of hourly allocations say the same as the same rows read one by one, whatever is in them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.allocation import AllocationReader
from mlctl.finops.read.allocation_file import Sizes, read_allocation_files

TINY = Sizes(large=0, piece=200)
"""Everything is large, and a piece holds less than one step."""


def hour(name: str, day: int, number: int, **more: Any) -> dict[str, Any]:
    first = date(2026, 10, day)
    end = f"{first}T{number + 1:02}:00:00Z" if number < 23 else f"{first + timedelta(days=1)}T00:00:00Z"
    labels = {"team": "lending"} if name.startswith("a") else {"note": 'a brace }},{" in a label'}
    return {
        "properties": {"cluster": "c", "labels": labels},
        "window": {"start": f"{first}T{number:02}:00:00Z", "end": end},
        "cpuCost": 0.1 * (number + 1),
        "ramCost": 0.02,
        "cpuEfficiency": 0.5,
        "ramEfficiency": None if number % 2 else 0.25,
        "totalCost": 0.1 * (number + 1) + 0.02,
        **more,
    }


def month(**changed: Any) -> dict[str, Any]:
    """Three days of three workloads, by the hour."""
    steps = []
    for day in (1, 2, 3):
        for number in range(24):
            idle = {"gpuCost": 2.0, "totalCost": 3.0, "properties": {"cluster": "c", "labels": {"node_pool": "gpu-training"}}}
            gpu = {"gpuCost": 1.0, "gpuCostAdjustment": -0.25, "gpuEfficiency": 0.75, "totalCost": 2.0, **changed}
            steps.append({"a": hour("a", day, number), "b": hour("b", day, number, **gpu), "__idle__": hour("i", day, number, **idle)})
    return {"code": 200, "status": "success", "data": steps, "message": ""}


def slow(prod: Environment, october: Period, value: Mapping[str, Any]) -> SourceData:
    reader = AllocationReader("allocation files", prod, october)
    reader.add(json.loads(json.dumps(value), parse_float=Decimal), origin="x")
    return reader.data()


def fast(prod: Environment, october: Period, tmp_path: Path, *values: Mapping[str, Any], **how: Any) -> SourceData:
    paths = []
    for number, value in enumerate(values):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(json.dumps(value, **how))
    return read_allocation_files(paths, prod, october, TINY)


def rounded(data: SourceData) -> Any:
    """Everything but the last of twelve digits."""
    charges = {(one.subject, one.span): round(one.usd, 9) for one in data.charges}
    uses = [(one.name, one.team, *(round(part, 9) for part in (one.usd, one.cpu_usd, one.cpu_used_usd, one.ram_usd, one.ram_used_usd)),
             round(one.gpu_usd, 9), one.gpu_used_usd and round(one.gpu_used_usd, 9)) for one in data.uses]  # fmt: skip
    return charges, uses, data.gaps, data.rows


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "a null part": {"cpuCost": None},
    "a null total": {"totalCost": None},
    "nothing but nulls": {"totalCost": None, "cpuCost": None, "ramCost": None, "gpuCost": None},
    "external": {"externalCost": 0.5},
    "negative idle is no workload": {"properties": {"cluster": "c", "namespace": "retention"}},
    "text for a number": {"totalCost": "2.5"},
    "no properties": {"properties": None},
    "a null adjustment": {"gpuCostAdjustment": None},
}


@pytest.mark.parametrize("changed", VARIANTS.values(), ids=VARIANTS)
def test_pieces_say_what_single_rows_say(prod: Environment, october: Period, tmp_path: Path, changed: dict[str, Any]) -> None:
    value = month(**changed)
    expected = rounded(slow(prod, october, value))
    assert rounded(fast(prod, october, tmp_path, value)) == expected
    assert rounded(fast(prod, october, tmp_path, value, indent=1)) == expected
    assert expected[3] == 216


def test_amounts_are_exact(prod: Environment, october: Period, tmp_path: Path) -> None:
    value = {"code": 200, "data": [{"a": hour("a", 1, number, cpuCost=0.1, ramCost=0.0, totalCost=0.1)} for number in range(24)]}
    [charge] = fast(prod, october, tmp_path, value).charges
    assert charge.usd == Decimal("2.4")


def test_empty_steps_between_are_kept_apart(prod: Environment, october: Period, tmp_path: Path) -> None:
    steps: list[Any] = [{}, None, {"a": hour("a", 1, 0)}, {}, {"a": hour("a", 1, 1)}, None]
    data = fast(prod, october, tmp_path, {"code": 200, "data": steps})
    assert data.rows == 2


def test_a_cut_inside_an_allocation_is_seen(prod: Environment, october: Period, tmp_path: Path) -> None:
    """Objects in a list inside an allocation look like steps: the reader goes on to the next place."""
    value = month(lbAllocations={"x": [{"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}]})
    assert rounded(fast(prod, october, tmp_path, value)) == rounded(slow(prod, october, value))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"cpuCost": -1}, "b.cpuCost: the amount -1.0 is negative"),
        ({"totalCost": -1.5}, "b.totalCost: the amount -1.5 is negative"),
        ({"totalCost": 1e13}, "b.totalCost: the amount 10000000000000.0 is not finite or absurdly large"),
        ({"totalCost": True}, "b.totalCost: True is no amount"),
        ({"window": {"start": "2026-10-01T00:30:00Z", "end": "2026-10-01T01:30:00Z"}}, "b.window: the window from"),
        ({"window": {}}, "b.window: window.start or window.end is missing"),
        (
            {"window": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-01T01:00:00Z"}},
            "the same charge is there twice for the same hours: c b",
        ),
    ],
)
def test_what_is_wrong_is_named(prod: Environment, october: Period, tmp_path: Path, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        fast(prod, october, tmp_path, month(**changed))
    assert problem in str(caught.value)
    assert "0.json" in str(caught.value)


def test_two_files_with_the_same_hours_are_refused(prod: Environment, october: Period, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the same charge is there twice for the same hours"):
        fast(prod, october, tmp_path, month(), month())


@pytest.mark.parametrize("cut", [-1, -3, -40, -3000])
def test_a_file_that_breaks_off_is_refused(prod: Environment, october: Period, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(month())[:cut])
    with pytest.raises(InputError, match=r"cut.json: is no JSON"):
        read_allocation_files([path], prod, october, TINY)


def test_an_error_that_the_server_sent_is_shown(prod: Environment, october: Period, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no answer of the allocation API: bad window"):
        fast(prod, october, tmp_path, {"code": 400, "message": "bad window", "data": []})


def test_a_large_file_without_msgspec_says_what_to_install(
    prod: Environment, october: Period, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlctl.finops.read.allocation_pieces", None)
    with pytest.raises(InputError, match=r"is large, and reading it needs msgspec; install it with tools/setup.sh gate"):
        fast(prod, october, tmp_path, month())
