"""Mends a module that does not compile as it was published: files that were left out of it are put into a copy.

Go takes no file into a module of its cache, so the copy stands beside a go.mod that puts it in the module's place.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tools.engines.whole import whole


@dataclass(frozen=True)
class Mend:
    """What a module lacks."""

    module: str
    copies: dict[str, str] = field(default_factory=dict)
    """Files that are the same as another of its files: symbolic links, which modules cannot have."""
    texts: dict[str, str] = field(default_factory=dict)
    """Files with their text: made by a build of the project, which no module holds."""

    def apply(self, module: Path, pins: Path, target: Path) -> None:
        """Fills the target folder: the go.mod and go.sum of `pins`, and the mended copy of the module's sources."""
        with whole(target) as part:
            sources = part / "module"
            for path in module.rglob("*"):
                if path.is_file():
                    _write(sources / path.relative_to(module), path.read_bytes())
            for name, same_as in self.copies.items():
                _write(sources / name, (sources / same_as).read_bytes())
            for name, text in self.texts.items():
                _write(sources / name, text.encode())
            shutil.copyfile(pins / "go.sum", part / "go.sum")
            go_mod = (pins / "go.mod").read_text(encoding="utf-8")
            (part / "go.mod").write_text(f"{go_mod}\nreplace {self.module} => ./module\n", encoding="utf-8")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
