"""Off-hours in words and in cron, by hand, and what the environment refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from infra.finops.schedule import OffHours, expand_days, parse_off_hours
from mlctl.config.platform import Notebooks
from mlctl.config.spend import Schedules


def test_the_usual_schedule() -> None:
    assert parse_off_hours("off=(M-F,19);on=(M-F,7);tz=Europe/Dublin") == OffHours(
        stop="cron(0 19 ? * MON,TUE,WED,THU,FRI *)", start="cron(0 7 ? * MON,TUE,WED,THU,FRI *)", time_zone="Europe/Dublin"
    )


def test_days_that_differ() -> None:
    made = parse_off_hours("off=(M-H,20);on=(M,W-F,6);tz=UTC")
    assert made.stop == "cron(0 20 ? * MON,TUE,WED,THU *)"
    assert made.start == "cron(0 6 ? * MON,WED,THU,FRI *)"


@pytest.mark.parametrize(
    ("days", "expanded"),
    [
        ("H", ["THU"]),
        ("S-U", ["SAT", "SUN"]),
        ("S-M", ["MON", "SAT", "SUN"]),
        ("T,U", ["TUE", "SUN"]),
        ("M-U", ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]),
    ],
)
def test_days(days: str, expanded: list[str]) -> None:
    assert expand_days(days) == expanded


@pytest.mark.parametrize("days", ["M--F", "M-", ",M", "M,,F", "X", "MF"])
def test_the_environment_refuses_days_that_could_not_be_expanded(days: str) -> None:
    with pytest.raises(ValidationError, match="write it as"):
        Schedules(off_hours=f"off=({days},19);on=(M-F,7);tz=UTC")


def test_sagemaker_refuses_to_be_idle_for_less_than_an_hour() -> None:
    with pytest.raises(ValidationError, match="idle_minutes is 30; SageMaker allows 60 at the least"):
        Notebooks(mode="sagemaker", idle_minutes=30)
    assert Notebooks(mode="jupyterhub", idle_minutes=30).idle_minutes == 30
