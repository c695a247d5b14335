"""What a container or script template runs."""

from __future__ import annotations

from dataclasses import dataclass

from mlctl.workflow.model.parameter import Raw


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A folder that several steps may share, and where a step expects it."""

    volume: str
    path: str
    sub_path: str


@dataclass(frozen=True, kw_only=True)
class Command:
    """The process of one step. `source` is set for scripts only."""

    command: tuple[str, ...]
    args: tuple[str, ...]
    source: str | None
    env: tuple[Raw, ...]
    env_from: tuple[Raw, ...]
    working_dir: str | None
    mounts: tuple[Mount, ...]

    @staticmethod
    def read(raw: Raw) -> Command:
        """From a `container` or `script` mapping."""
        return Command(
            command=tuple(raw.get("command") or ()),
            args=tuple(raw.get("args") or ()),
            source=raw.get("source"),
            env=tuple(raw.get("env") or ()),
            env_from=tuple(raw.get("envFrom") or ()),
            working_dir=raw.get("workingDir") or None,
            mounts=tuple(
                Mount(volume=item.get("name", ""), path=item.get("mountPath", ""), sub_path=item.get("subPath", ""))
                for item in raw.get("volumeMounts") or ()
            ),
        )
