"""Holds the estimate to account: `mlctl cost --format json` against what the month came to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.finops.analysis.service_names import estimated_services
from mlctl.finops.money import amount

_ALLOWED = "the output of `mlctl cost --env … --format json`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """USD a month as estimated before the merge."""

    date: str
    at_least: bool
    total_usd: Decimal
    teams: Mapping[str, Decimal]
    models: Mapping[str, Decimal]
    services: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """One line of the comparison. A side that does not know the name is None."""

    scope: str
    name: str
    estimated_usd: Decimal | None
    actual_usd: Decimal | None

    @property
    def share(self) -> Decimal | None:
        """(actual − estimated) ÷ estimated."""
        if not self.estimated_usd or self.actual_usd is None:
            return None
        return (self.actual_usd - self.estimated_usd) / self.estimated_usd


def load_estimate(path: Path, environment: str) -> Estimated:
    """The estimate of one environment in a saved document, which may hold several.

    Raises
    ------
    InputError
        It is no such document, or has no such environment.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", file=path, key="--estimate") from None
    except (ValueError, OSError) as error:
        raise InputError(f"is no JSON: {error}", file=path, key="--estimate", allowed=_ALLOWED) from None
    found = document if isinstance(document, list) else [document]
    names = [str(one.get("environment")) for one in found if isinstance(one, dict)]
    for one in found:
        if isinstance(one, dict) and one.get("environment") == environment:
            return _estimated(one, str(path))
    raise InputError(f"holds no estimate of {environment}", file=path, key="environment", allowed=", ".join(names) or _ALLOWED)


def accuracies(estimated: Estimated, actual: Mapping[str, Mapping[str, Decimal | None]]) -> list[Accuracy]:
    """`actual` holds the forecast by scope (total, team, model, service) and name. The furthest off first within each scope."""
    expected = {
        "total": {"everything": estimated.total_usd},
        "team": estimated.teams,
        "model": estimated.models,
        "service": estimated_services(estimated.services),
    }
    lines: list[Accuracy] = []
    for scope, names in expected.items():
        seen = actual.get(scope, {})
        found = [Accuracy(scope=scope, name=name, estimated_usd=names.get(name), actual_usd=seen.get(name)) for name in {*names, *seen}]
        lines += sorted(found, key=lambda one: (-abs((one.actual_usd or Decimal(0)) - (one.estimated_usd or Decimal(0))), one.name))
    return lines


def _estimated(document: Mapping[str, Any], file: str) -> Estimated:
    try:
        if document["currency"] != "USD":
            raise InputError(f"the currency is {document['currency']!r}", file=file, key="currency", allowed="USD")
        return Estimated(
            date=str(document["date"]),
            at_least=bool(document["at_least"]),
            total_usd=amount(document["expected_usd"], key="expected_usd", file=file),
            teams=_shares(document["by_team"], "by_team", file),
            models=_shares(document["by_model"], "by_model", file),
            services=_shares(document["by_service"], "by_service", file),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"is no estimate: {error} is missing", file=file, key="--estimate", allowed=_ALLOWED) from None


def _shares(lines: Iterable[Mapping[str, Any]], key: str, file: str) -> dict[str, Decimal]:
    return {str(line["name"]): amount(line["expected_usd"], key=f"{key}.{line['name']}", file=file) for line in lines}
