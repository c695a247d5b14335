"""Waivers: what they cover, when they end, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from mlctl.checks.waivers import Waivers, read_waivers
from mlctl.errors import InputError
from mlctl.finding import Finding, Severity, Status

TODAY = date(2026, 6, 1)
ENVIRONMENTS = ("dev", "prod")
GOOD = """waivers:
  - rule: aws-s3-versioned
    resource: "cache-*"
    environments: [dev]
    reason: The cache can be made again from its source at any time.
    owner: ana@acme.example
    ticket: ML-12
    expires: 2026-06-30
"""


def finding(resource: str = "urn:pulumi:dev::demo::aws:s3/bucket:Bucket::cache-a", rule: str = "aws-s3-versioned") -> Finding:
    return Finding(
        id=rule, title="t", severity=Severity.LOW, status=Status.FAIL, resource=resource, message="m", remediation="r", blocks=True
    )


def write(path: Path, text: str) -> Path:
    file = path / "waivers.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults(
    waivers: Waivers, today: date = TODAY, judged: Sequence[str] = ENVIRONMENTS, scanned: Sequence[str] = ENVIRONMENTS
) -> list[Finding]:
    return waivers.faults(today, ["aws-s3-versioned"], environments=ENVIRONMENTS, judged=judged, scanned=scanned)


def test_no_file_waives_nothing(tmp_path: Path) -> None:
    waivers = read_waivers(tmp_path / "waivers.yaml")
    assert waivers.apply([finding()], "dev", TODAY) == [finding()]
    assert faults(waivers) == []


def test_a_waived_finding_says_why_and_does_not_block(tmp_path: Path) -> None:
    waivers = read_waivers(write(tmp_path, GOOD))
    [waived] = waivers.apply([finding()], "dev", TODAY)
    assert (waived.status, waived.blocks) == (Status.WAIVED, False)
    assert waived.message == "m (waived until 2026-06-30, ML-12: The cache can be made again from its source at any time.)"
    assert faults(waivers) == []


@pytest.mark.parametrize(
    ("subject", "environment", "today"),
    [
        (finding(resource="urn:pulumi:dev::demo::aws:s3/bucket:Bucket::data"), "dev", TODAY),
        (finding(rule="aws-s3-own-key"), "dev", TODAY),
        (finding(), "prod", TODAY),
        (finding(), "dev", date(2026, 7, 1)),
    ],
    ids=["other resource", "other rule", "other environment", "expired"],
)
def test_what_a_waiver_does_not_cover(tmp_path: Path, subject: Finding, environment: str, today: date) -> None:
    assert read_waivers(write(tmp_path, GOOD)).apply([subject], environment, today) == [subject]


def test_the_last_day_counts(tmp_path: Path) -> None:
    [waived] = read_waivers(write(tmp_path, GOOD)).apply([finding()], "dev", date(2026, 6, 30))
    assert waived.status is Status.WAIVED


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        (GOOD, date(2026, 7, 1), ("waiver-expired", "ended on 2026-06-30")),
        (GOOD, TODAY, ("waiver-unused", "waives nothing")),
        (GOOD.replace("2026-06-30", "2028-01-01"), TODAY, ("waiver-too-long", "ends in 579 days; 400 is the most")),
        (GOOD.replace("aws-s3-versioned", "aws-s3-version"), TODAY, ("waiver-unknown-rule", "there is no rule aws-s3-version")),
    ],
)
def test_a_faulty_waiver_is_a_finding(tmp_path: Path, text: str, today: date, expected: tuple[str, str]) -> None:
    [fault] = faults(read_waivers(write(tmp_path, text)), today)
    assert (fault.id, fault.message) == expected
    assert fault.blocks and fault.line == 2 and fault.file == f"{tmp_path.name}/waivers.yaml"


def test_unused_is_said_only_of_what_was_judged(tmp_path: Path) -> None:
    waivers = read_waivers(write(tmp_path, GOOD))
    assert faults(waivers, judged=["prod"]) == []
    assert [fault.id for fault in faults(waivers, judged=["dev"])] == ["waiver-unused"]
    everywhere = read_waivers(write(tmp_path, GOOD.replace("    environments: [dev]\n", "")))
    assert faults(everywhere, judged=["dev"]) == []
    assert [fault.id for fault in faults(everywhere)] == ["waiver-unused"]


def test_what_checkov_has_not_seen_leaves_no_waiver_unused(tmp_path: Path) -> None:
    """Checkov broken, every one of its waivers would look unneeded, and the advice would be to remove them."""
    waivers = read_waivers(write(tmp_path, GOOD.replace("aws-s3-versioned", "CKV_AWS_21")))
    assert faults(waivers, scanned=[]) == []
    assert [fault.id for fault in faults(waivers)] == ["waiver-unused"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"cache-*"', '"*"', "waivers.0.resource: matches (nearly) everything; name the resource, its type or its folder"),
        ('"cache-*"', '"*a*"', "waivers.0.resource: matches (nearly) everything; name the resource, its type or its folder"),
        ("    ticket: ML-12\n", "", "waivers.0.ticket: is missing"),
        ("    owner: ana@acme.example\n", "", "waivers.0.owner: is missing"),
        (
            "The cache can be made again from its source at any time.",
            "later",
            "waivers.0.reason: string should have at least 20 characters",
        ),
        ("2026-06-30", "soon", "waivers.0.expires: input should be a valid date or datetime, input is too short"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as error:
        read_waivers(file)
    assert str(error.value).startswith(f"{file}:")
    assert str(error.value).endswith(message)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"waivers\.0\.until: extra inputs are not permitted; allowed: the keys rule, resource"):
        read_waivers(write(tmp_path, GOOD.replace("expires", "until")))
