"""The images: pinned, unprivileged, with a health check, and clean to Checkov."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.docker.image import ignore_file
from tests.mlctl.promotion.conftest import SOURCE

FILES = sorted(SOURCE.glob("docker/*/Dockerfile"))
CHECKOV = Path(os.environ.get("MLCTL_CHECKOV", SOURCE / ".checkov" / "bin" / "checkov"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_pinned_locked_unprivileged(path: Path) -> None:
    text = path.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.M)
    assert len(bases) == 2 and len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}", bases[0])
    assert "--require-hashes" in text and "HEALTHCHECK" in text
    assert re.findall(r"^USER (\S+)", text, re.M) == ["10001:10001"]
    for source in re.findall(r"^COPY (?!--from)(\S+)", text, re.M):
        assert (SOURCE / source).exists(), source
        assert f"!{source.split('/')[0]}" in ignore_file(SOURCE, path.parent.name).read_text().splitlines()


def test_both_are_here() -> None:
    assert [path.parent.name for path in FILES] == ["serving", "training"]


def test_checkov_finds_nothing() -> None:
    if not CHECKOV.exists():
        pytest.skip("checkov is not installed; make .checkov/.checkov")
    command = [str(CHECKOV), "--framework", "dockerfile", "--directory", str(SOURCE / "docker"), "--output", "json", "--compact"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["results"]["failed_checks"] == []
    assert report["summary"]["passed"] > 10


def test_the_server_says_what_is_missing(tmp_path: Path) -> None:
    serve = SOURCE / "docker" / "serving" / "serve.py"

    def run(*arguments: str) -> tuple[int, str]:
        environment = {**os.environ, "MODEL_FOLDER": str(tmp_path), "SAGEMAKER_BIND_TO_PORT": "9"}
        done = subprocess.run(["python3", str(serve), *arguments], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert run("serve") == (2, f"no MLflow model in {tmp_path}\n")
    assert run("dance") == (2, "there is no command 'dance'; allowed: serve, ping\n")
    assert run("ping") == (1, "")
