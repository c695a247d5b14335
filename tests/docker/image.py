"""Builds the file system of an image's last stage in a folder, without Docker: what COPY copies, as its ignore file lets it through."""

from __future__ import annotations

import fnmatch
import re
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Dockerfile:
    """The instructions of the last stage, in order."""

    instructions: list[tuple[str, str]]

    @staticmethod
    def read(path: Path) -> Dockerfile:
        text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", path.read_text(), flags=re.M))
        lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
        last = max(index for index, (word, _) in enumerate(lines) if word == "FROM")
        return Dockerfile([(word, rest.strip()) for word, rest in lines[last:]])

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == word]

    @property
    def variables(self) -> dict[str, str]:
        """ENV, with what ARG gives by default."""
        found = dict(line.split("=", 1) for line in self.all("ARG"))
        for line in self.all("ENV"):
            for pair in line.split():
                name, value = pair.split("=", 1)
                found[name] = re.sub(r"\$(\w+)", lambda known: found.get(known.group(1), ""), value)
        return found


def ignore_file(context: Path, name: str) -> Path:
    """An image's own, or the one of all: https://docs.docker.com/build/concepts/context/#filename-and-location"""
    own = context / "docker" / name / "Dockerfile.dockerignore"
    return own if own.exists() else context / ".dockerignore"


def let_through(context: Path, path: Path, ignore: Path) -> bool:
    """Whether an ignore file lets a file into the build: the last pattern that matches it or a folder above it decides."""
    relative = path.relative_to(context)
    names = [str(relative), *(str(parent) for parent in relative.parents if str(parent) != ".")]
    ignored = False
    for line in ignore.read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.removeprefix("!").strip("/")
        parts = [part for name in names for part in (Path(name).name,)] if wanted.startswith("**/") else names
        if any(fnmatch.fnmatchcase(part, wanted.removeprefix("**/")) for part in parts):
            ignored = not pattern.startswith("!")
    return not ignored


def build(context: Path, dockerfile: Dockerfile, root: Path, ignore: Path) -> None:
    """Carry out every COPY from the context into `root`."""
    for line in dockerfile.all("COPY"):
        if line.startswith("--from"):
            continue
        source, target = line.split()
        place = root / target.lstrip("/")
        origin = context / source
        files = [origin] if origin.is_file() else [path for path in origin.rglob("*") if path.is_file()]
        for path in (path for path in files if let_through(context, path, ignore)):
            copy = place if origin.is_file() else place / path.relative_to(origin)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
