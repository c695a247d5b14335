"""Reads a plan from a file, whichever tool wrote it."""

from __future__ import annotations

from pathlib import Path

from mlctl.errors import InputError
from mlctl.plan.collector import collector_paused
from mlctl.plan.engine import from_export, from_preview, parse_json
from mlctl.plan.model import Plan
from mlctl.plan.saved import plan_from_json

ACCEPTED = "the JSON of mlctl plan, pulumi preview --json, or pulumi stack export"


@collector_paused()
def read_plan(path: str | Path) -> Plan:
    """The plan in a file.

    Raises
    ------
    InputError
        It is missing, cut off, or another tool's.
    """
    path = Path(path)
    value = parse_json(_text(path), path)
    if "format" in value and "stacks" in value:
        return plan_from_json(value, str(path))
    if "deployment" in value:
        stack, source = from_export(value, path), "export"
    elif "steps" in value or "changeSummary" in value:
        stack, source = from_preview(value, path), "preview"
    else:
        raise InputError(f"is {_guess(value)}", file=path, allowed=ACCEPTED)
    return Plan(environment=stack.environment, stacks=(stack,), source=source)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", file=path, allowed=ACCEPTED) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", file=path, allowed=ACCEPTED) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path, allowed=ACCEPTED) from None


def _guess(value: dict[str, object]) -> str:
    if "terraform_version" in value or "planned_values" in value:
        return "a Terraform plan"
    if "AWSTemplateFormatVersion" in value or "Resources" in value:
        return "a CloudFormation template"
    return "another tool's file"
