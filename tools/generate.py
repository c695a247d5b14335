"""Writes every generated file anew, or with --check names those that are stale: `python -m tools.generate [--check]`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MLCTL = str(Path(sys.executable).parent / "mlctl")


def main() -> int:
    """Exit status 1 where a file is stale."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'stale' if check else 'wrote'} {name}")
    if check and stale:
        print("run make generate and commit the files")
    return 1 if check and stale else 0


def _run(*arguments: str) -> str:
    return subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _schema() -> str:
    from mlctl.config.schema import schema_text

    return schema_text()


def _feature_groups() -> str:
    """ml's own generator, in a process of its own: it needs the ml dependencies."""
    return _run(sys.executable, "-c", "from ml.features.groups import groups_text; print(groups_text(), end='')")


def _policies() -> str:
    return _run(MLCTL, "policies", "list", "--format", "markdown")


def _commands() -> str:
    from tools.command_reference import command_reference

    return command_reference()


def _diagrams() -> str:
    from tools.architecture import architecture

    return architecture(ROOT)


GENERATED: dict[str, Callable[[], str]] = {
    "environments/schema.json": _schema,
    "ml/features/groups.json": _feature_groups,
    "docs/policies.md": _policies,
    "docs/commands.md": _commands,
    "docs/architecture-diagrams.md": _diagrams,
}
"""Path → how it is made. Rendered workflows have a check of their own: `mlctl workflow render --check`."""

if __name__ == "__main__":
    sys.exit(main())
