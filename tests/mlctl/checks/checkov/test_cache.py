"""What Checkov said is remembered by content, and by nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mlctl.checks.checkov.cache import ScanCache, SecretsCache, installation
from mlctl.checks.checkov.process import checkov_python
from mlctl.plan.environment import Repository

ANSWER = {"resources": [["f", "r"]], "unparsed": [], "records": []}


def question(*files: Path, framework: str = "kubernetes") -> dict[str, Any]:
    return {"a": {"framework": framework, "files": [str(file) for file in files]}}


def test_the_temporary_folder_may_differ(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        folder.mkdir()
        (folder / "x.json").write_text("{}", encoding="utf-8")
    cache = ScanCache(tmp_path / "cache", "3", first)
    assert set(cache.unseen(question(first / "x.json"))) == {"a"}
    cache.complete({"a": {**ANSWER, "records": [["C", "t", "FAILED", "r", str(first / "x.json"), 1, 2, [], False]]}}, ["a"])
    later = ScanCache(tmp_path / "cache", "3", second)
    assert later.unseen(question(second / "x.json")) == {}
    assert later.complete({}, [])["a"]["records"][0][4] == str(second / "x.json")


@pytest.mark.parametrize("change", ["content", "framework", "asker", "name", "broken"])
def test_any_change_asks_again(tmp_path: Path, change: str) -> None:
    file = tmp_path / "x.json"
    file.write_text("{}", encoding="utf-8")
    cache = ScanCache(tmp_path / "cache", "3", tmp_path)
    cache.unseen(question(file))
    cache.complete({"a": ANSWER}, ["a"])
    assert ScanCache(tmp_path / "cache", "3", tmp_path).unseen(question(file)) == {}
    if change == "content":
        file.write_text("[]", encoding="utf-8")
    if change == "name":
        file = file.rename(tmp_path / "y.json")
    if change == "broken":
        [kept] = (tmp_path / "cache").iterdir()
        kept.write_text("{", encoding="utf-8")
    asked = question(file, framework="dockerfile" if change == "framework" else "kubernetes")
    assert ScanCache(tmp_path / "cache", "4" if change == "asker" else "3", tmp_path).unseen(asked) == asked


def test_old_answers_go(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for number in range(70):
        file.write_text(str(number), encoding="utf-8")
        cache = ScanCache(tmp_path / "cache", "3", tmp_path)
        cache.unseen(question(file))
        cache.complete({"a": ANSWER}, ["a"])
    assert len(list((tmp_path / "cache").iterdir())) == 64


def test_secrets_are_searched_once_per_content(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("key = 1", encoding="utf-8")
    store = tmp_path / "secrets.json"
    found = ["CKV_SECRET_2", "AWS key", "FAILED", "hash", str(file), 1, 1, [], False]
    first = SecretsCache(store, "3")
    assert first.unseen([file]) == [file]
    assert first.complete([file], [found]) == [found]
    again = SecretsCache(store, "3")
    assert again.unseen([file]) == []
    assert again.complete([file], []) == [found]
    file.write_text("key = 2", encoding="utf-8")
    changed = SecretsCache(store, "3")
    assert changed.unseen([file]) == [file] and changed.complete([file], []) == []
    assert SecretsCache(store, "4").unseen([file]) == [file]


def test_two_files_of_one_content_are_both_reported(tmp_path: Path) -> None:
    one, two = tmp_path / "a.py", tmp_path / "b.py"
    for file in (one, two):
        file.write_text("key = 1", encoding="utf-8")
    records = [["CKV_SECRET_2", "AWS key", "FAILED", "hash", str(file), 1, 1, [], False] for file in (one, two)]
    for _ in range(2):
        cache = SecretsCache(tmp_path / "secrets.json", "3")
        new = records if cache.unseen([one, two]) else []
        assert cache.complete([one, two], new) == records


def test_answers_depend_on_the_installation_and_on_our_own_checks(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    (packages / "checkov-3.dist-info").mkdir(parents=True)
    own = tmp_path / "own.py"
    own.write_text("", encoding="utf-8")
    python = tmp_path / "bin" / "python"
    seen = {installation(python, [own])}
    (packages / "pyyaml-6.dist-info").mkdir()
    seen.add(installation(python, [own]))
    own.write_text("x = 1", encoding="utf-8")
    seen.add(installation(python, [own]))
    assert len(seen) == 3


def test_the_fast_yaml_reader_finds_what_the_slow_one_finds(tmp_path: Path) -> None:
    """Our driver lets Checkov read with libyaml. The command line as published must say the same, line by line."""
    root = Repository.find().root
    python = checkov_python(root)
    if not python.exists():
        pytest.skip("not proven here: there is no Checkov; run `make setup`")
    file = tmp_path / "pods.yaml"
    file.write_text(PODS, encoding="utf-8")
    driver = root / "mlctl" / "checks" / "checkov" / "driver.py"
    asked = json.dumps({"scans": question(file)})
    answer = json.loads(subprocess.run([python, driver], input=asked, capture_output=True, text=True, check=True).stdout)
    ours = sorted(
        (check, result, resource, first, last) for check, _, result, resource, _, first, last, *_ in answer["scans"]["a"]["records"]
    )
    command = [str(python.with_name("checkov")), "--framework", "kubernetes", "--file", str(file), "--skip-download", "-o", "json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout)
    records = [*report["results"]["failed_checks"], *report["results"]["passed_checks"]]
    published = sorted((item["check_id"], item["check_result"]["result"], item["resource"], *item["file_line_range"]) for item in records)
    assert len(published) > 20
    assert ours == published


PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: team}
spec:
  hostNetwork: yes
  containers:
    - name: main
      image: "app:latest"
      securityContext:
        allowPrivilegeEscalation: no
        runAsUser: 010000
---
apiVersion: v1
kind: Pod
metadata:
  name: b
spec:
  containers:
    - name: main
      image: app@sha256:0000000000000000000000000000000000000000000000000000000000000000
      args: ["a: b", '{{x}}', "\\u0041"]
"""
