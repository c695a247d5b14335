"""The `go` command: whether it is there and new enough, and what it downloads and compiles for the engines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path


class EngineError(Exception):
    """Something cannot be had here; the text says why and what to do."""


def go_version(text: str) -> tuple[int, ...]:
    """The Go version that a go.mod file asks for, or that `go version` prints."""
    found = re.search(r"^go (?:version go)?(\d+)\.(\d+)(?:\.(\d+))?", text, re.MULTILINE)
    if found is None:
        raise EngineError(f"no version of Go in {text[:80]!r}")
    return tuple(int(part or 0) for part in found.groups())


def require_go(required: tuple[int, ...]) -> str:
    """The Go command. Raises EngineError where it is missing or older than required."""
    go = shutil.which("go")
    wanted = f"Go {_dotted(required)} or newer"
    if go is None:
        raise EngineError(f"there is no `go` command; install {wanted}")
    present = go_version(subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout)
    if present < required:
        raise EngineError(f"`go` is {_dotted(present)}; install {wanted}")
    return go


def download(go: str, module: str, version: str, pin: tuple[str, str]) -> Path:
    """Where the sources of a module are. `pin` is the hash that they must have, and the file that says so. Raises EngineError."""
    command = [go, "mod", "download", "-json", f"{module}@{version}"]
    done = subprocess.run(command, cwd=Path(__file__).parent, env=_environment(), capture_output=True, text=True, check=False)
    answer = json.loads(done.stdout) if done.stdout.startswith("{") else {"Error": done.stderr.strip()}
    if "Error" in answer:
        raise EngineError(" / ".join(answer["Error"].splitlines()[-2:]))
    if answer["Sum"] != pin[0]:
        raise EngineError(f"{module} {version} hashes to {answer['Sum']}, and {pin[1]} says {pin[0]}")
    return Path(answer["Dir"])


def compile_program(go: str, folder: Path, package: str, flags: str, target: Path) -> None:
    """Compiles, with the go.mod of the folder, into a file beside the target first, so that an interrupted run leaves no half a program."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    command = [go, "build", "-mod=readonly", "-p", "2", "-trimpath", "-ldflags", flags, "-o", str(part), package]
    gently = ["nice"] if shutil.which("nice") else []
    done = subprocess.run([*gently, *command], cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        part.unlink(missing_ok=True)
        raise EngineError("go build failed: " + " / ".join(done.stderr.strip().splitlines()[-3:]))
    part.replace(target)


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
