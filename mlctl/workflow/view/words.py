"""Times, sizes and signs, as people read them."""

from __future__ import annotations

from mlctl.workflow.engine.node import Phase

_SIGNS = {
    Phase.PENDING: "◌", Phase.RUNNING: "●", Phase.SUCCEEDED: "✔", Phase.FAILED: "✖", Phase.ERROR: "⚠",
    Phase.SKIPPED: "○", Phase.OMITTED: "○",
}  # fmt: skip


def sign(phase: Phase) -> str:
    """One character for a phase."""
    return _SIGNS[phase]


def seconds(value: float) -> str:
    """`0.2s`, `12s`, `3m05s`, `1h02m`."""
    if value < 10:
        return f"{value:.1f}s"
    if value < 60:
        return f"{value:.0f}s"
    minutes, rest = divmod(int(value), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def memory(size: int) -> str:
    """Bytes as `12 MiB` or `1.5 GiB`."""
    mebibytes = size / 2**20
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"
