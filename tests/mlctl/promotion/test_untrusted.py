"""Comments for pull requests of forks: found by branch and commit, and made of text that can do nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.promotion.untrusted import MOST, as_plain_text, read_untrusted
from tests.mlctl.promotion.conftest import Mlctl, Stage

PULLS = "/repos/acme/ml-platform/pulls"
BAD = "## Gate\n@acme/security ![x](https://evil.example/x.png)\n```\n````\n<!-- mlctl gate -->\x1b[31m\u202e\n"


def test_nothing_of_it_is_markup() -> None:
    text = as_plain_text(BAD)
    fence = re.search(r"^(`+)text$", text, re.M)
    assert fence is not None and len(fence[1]) == 5, "longer than any run of backticks inside"
    inside = text[fence.end() : text.rindex(fence[1])]
    assert fence[1] not in inside and "\x1b" not in text and "\u202e" not in text
    assert text.index("@acme") > fence.end()
    assert len(as_plain_text("x" * 10**6)) < 65_000


def test_a_large_file_is_read_in_part_and_a_link_not_at_all(tmp_path: Path) -> None:
    large = tmp_path / "comment.md"
    with large.open("wb") as file:
        file.truncate(10**10)
    assert len(read_untrusted(large)) == MOST * 4
    (tmp_path / "link.md").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="is no ordinary file"):
        read_untrusted(tmp_path / "link.md")


def test_the_comment_goes_to_the_pull_request_of_that_commit(
    repo: Path, mlctl: Mlctl, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_API_URL", stage.url)
    (repo / "comment.md").write_text(BAD)
    stage.on("GET", PULLS, 200, [{"number": 4, "head": {"sha": "old"}}, {"number": 7, "head": {"sha": "abc"}}])
    stage.on("GET", "/repos/acme/ml-platform/issues/7/comments", 200, [])
    stage.on("POST", "/repos/acme/ml-platform/issues/7/comments", 201, {"html_url": "c"})
    given = ["github", "comment", "--head", "eve:main", "--marker", "gate", "--body", "comment.md", "--untrusted"]
    assert mlctl(*given, "--commit", "gone")[1] == "no open pull request of eve:main is at gone\n"
    assert mlctl(*given, "--commit", "abc")[0] == 0
    assert stage.seen[0][1].startswith(f"{PULLS}?head=eve%3Amain")
    assert stage.seen[-1][2]["body"].startswith("<!-- mlctl gate -->\nWhat the gate found, in a report that this pull request's own code")
    assert mlctl(*given)[0] == 2, "without a commit"
    assert mlctl("github", "comment", "--marker", "gate", "--body", "comment.md")[0] == 2
