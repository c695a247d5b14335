"""A folder is there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.engines.whole import whole


def test_it_is_there_once_it_is_filled(tmp_path: Path) -> None:
    target = tmp_path / "cache" / "a"
    with whole(target) as part:
        (part / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole(tmp_path / "a") as part:
        (part / "file").write_text("half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_where_another_run_was_faster_its_folder_stays(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with whole(target) as part:
        (part / "file").write_text("slow")
        target.mkdir()
        (target / "file").write_text("fast")
    assert (target / "file").read_text() == "fast"
    assert list(tmp_path.iterdir()) == [target]
