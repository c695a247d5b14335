"""Where the absolute paths of a container are on this machine.

Only *declared* paths move: those of artefacts, output parameters, volume mounts and the working directory. `/tmp/in/data` becomes
`<step folder>/root/tmp/in/data`, a path under a mounted volume becomes that volume's folder, and the same text is replaced
wherever it stands in the command, its arguments, the script's source and the environment. What the step gives back is
changed the other way, so that no value depends on the run's folder.

A step begins in `<step folder>/root`, the container's `/`, where most images begin: what it writes as `out.txt` is at `/out.txt`.
"""

from __future__ import annotations

import re
from pathlib import Path


class Sandbox:
    """The folder of one step.

    Parameters
    ----------
    folder
        The step's own folder.
    declared
        Absolute paths the step's template names.
    mounts
        Folders kept elsewhere, by the absolute path the step sees them at.
    """

    def __init__(self, folder: Path, declared: list[str], mounts: dict[str, Path]) -> None:
        self.folder = folder
        self.work = folder / "root"
        self._mounts = {path.rstrip("/") or "/": real for path, real in mounts.items()}
        paths = {path.rstrip("/") for path in [*declared, *mounts] if path.startswith("/") and path.strip("/")}
        longest_first = sorted(paths, key=len, reverse=True)
        names = "|".join(re.escape(path) for path in longest_first)
        self._pattern = re.compile(rf"(?<![\w./-])(?:{names})(?![\w-]|\.\w)") if names else None
        self._back = [(str(self.local(path)), path) for path in sorted(paths, key=lambda p: len(str(self.local(p))))][::-1]

    def local(self, path: str) -> Path:
        """Where a path of the container is here; a relative one is in the working directory."""
        if ".." in path.split("/"):
            raise ValueError(f"the path {path} leads out of the step's folder")
        if not path.startswith("/"):
            return self.work / path
        plain = path.rstrip("/")
        for mount in sorted(self._mounts, key=len, reverse=True):
            if plain == mount or plain.startswith(mount.rstrip("/") + "/"):
                return self._mounts[mount] / plain[len(mount) :].lstrip("/")
        return self.folder / "root" / plain.lstrip("/")

    def rewrite(self, text: str) -> str:
        """`text` with every declared path replaced by where it is here."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: str(self.local(found.group())), text)

    def restore(self, text: str) -> str:
        """`text` with every path of this folder replaced by the one the manifest wrote."""
        for real, declared in self._back:
            text = text.replace(real, declared)
        return text
