"""The CrossGuard pack: every rule below policies/, served to the Pulumi engine.

    .venv/bin/mlctl policies config --env prod > policy-config.json
    pulumi up --policy-pack policies/pack --policy-pack-config policy-config.json

Without the configuration the engine refuses the pack, and each rule reports a violation: it fails closed.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack
from pulumi_policy.policy import Policy

FOLDER = Path(__file__).resolve().parents[1]


def rules() -> list[Policy]:
    """Every policy that a module below policies/ defines, by id. Two of one id end the pack: one of them would not run."""
    sys.path.insert(0, str(FOLDER.parent))
    found: dict[str, Policy] = {}
    for path in sorted(FOLDER.rglob("*.py")):
        if path.name == "__main__.py":
            continue
        module = importlib.import_module(".".join(path.relative_to(FOLDER.parent).with_suffix("").parts))
        for value in vars(module).values():
            if isinstance(value, Policy) and found.setdefault(value.name, value) is not value:
                raise SystemExit(f"{path}: two rules have the id {value.name}")
    return [found[name] for name in sorted(found)]


if __name__ == "__main__":
    PolicyPack(name="ml-platform", policies=rules(), enforcement_level=EnforcementLevel.MANDATORY)
