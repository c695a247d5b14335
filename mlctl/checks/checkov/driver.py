"""Runs inside Checkov's own interpreter: one process, several frameworks, each on the files that are its own.

It imports nothing of ours, because Checkov's environment has nothing of ours. The command line would import every framework
there is and search every folder for every one of them; start-up is nearly all of Checkov's cost.

    .checkov/bin/python mlctl/checks/checkov/driver.py < request.json

Request, one per line, as many as there are: {"scans": {name: {"framework": …, "files": [path, …]}}}
Answer, once all are read: {"version": …, "scans": {name: {"resources": [[file, name], …], "unparsed": [file, …], "records": [record, …]}}}
Record: [check id, check name, result, resource, file, first line, last line, [evaluated key, …], is a negative check]
"""

from __future__ import annotations

import fnmatch
import gc
import importlib
import json
import logging
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import yaml
import yaml.loader

CUSTOM = Path(__file__).with_name("custom")
"""Checks of our own."""

RUNNERS = {
    "terraform_plan": "checkov.terraform.plan_runner",
    "kubernetes": "checkov.kubernetes.runner",
    "argo_workflows": "checkov.argo_workflows.runner",
    "github_actions": "checkov.github_actions.runner",
    "dockerfile": "checkov.dockerfile.runner",
    "secrets": "checkov.secrets.runner",
}


def main() -> int:
    answer_to = os.dup(1)
    os.dup2(2, 1)  # whatever a scanner prints must not mix with the answer
    os.environ.pop("BC_API_KEY", None)
    os.environ["CHECKOV_PARALLELIZATION_TYPE"] = "none"  # the processes below are the parallel part
    logging.disable(logging.CRITICAL)
    gc.disable()  # a short life with memory to spare; collecting was a tenth of it
    if os.name == "posix":
        fnmatch.fnmatch = fnmatch.fnmatchcase  # type: ignore[assignment]  # the same here for half the work, 350,000 times per plan
    # Checkov's loaders derive from this class; reading with it was most of the work.
    yaml.loader.SafeLoader = yaml.CSafeLoader  # type: ignore[misc,assignment]
    version = importlib.import_module("checkov.version").version
    for module in RUNNERS.values():
        importlib.import_module(module)  # while the gate still plans, and once, before the processes below are forked
    warm_up()
    gc.freeze()
    answer = {"version": version, "scans": merged(list(answers(sys.stdin.fileno(), os.cpu_count() or 1)))}
    with os.fdopen(answer_to, "w", encoding="utf-8") as out:
        json.dump(answer, out)
    return 0


def answers(source: int, workers: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """(scan, answer), as each comes, until the questions in `source` have ended and all are answered."""
    waiting: list[tuple[str, str, list[str]]] = []
    running: dict[Connection, str] = {}
    text, more = b"", True
    while more or waiting or running:
        while waiting and len(running) < workers:
            name, framework, files = waiting.pop(0)
            running[begin(framework, files)] = name
        for ready in wait([*running, *([source] if more else [])]):
            if isinstance(ready, Connection):
                yield running[ready], outcome(running.pop(ready), ready)
                continue
            chunk = os.read(source, 1 << 16)
            more = bool(chunk)
            *lines, text = (text + (chunk or b"\n")).split(b"\n")
            waiting = in_order([*waiting, *(part for line in lines if line for part in in_parts(json.loads(line)["scans"], workers))])


def begin(framework: str, files: list[str]) -> Connection:
    """Start one scan in a process of its own: Checkov keeps policies by file name and resource, which two environments have in common."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    context.Process(target=work, args=(theirs, framework, files), daemon=True).start()
    theirs.close()
    return ours


def work(connection: Connection, framework: str, files: list[str]) -> None:
    try:
        connection.send(run(framework, files))
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")


def outcome(name: str, connection: Connection) -> dict[str, Any]:
    with connection:
        try:
            found = connection.recv()
        except EOFError:
            found = "its process died"
    if isinstance(found, dict):
        return found
    raise RuntimeError(f"{name}: {found}")


def in_parts(scans: dict[str, Any], workers: int) -> list[tuple[str, str, list[str]]]:
    """(scan, framework, files). Only the search for secrets, which takes each file alone, is cut."""
    parts: list[tuple[str, str, list[str]]] = []
    for name, scan in scans.items():
        cuts = 4 * workers if scan["framework"] == "secrets" else 1
        parts += [(name, scan["framework"], files) for files in (scan["files"][start::cuts] for start in range(cuts)) if files]
    return parts


def in_order(parts: list[tuple[str, str, list[str]]]) -> list[tuple[str, str, list[str]]]:
    """Longest first, so that the last to end is short."""
    return sorted(parts, key=lambda part: (part[1] == "secrets", -sum(map(os.path.getsize, part[2]))))


def merged(answers: list[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """One answer for each scan."""
    scans: dict[str, dict[str, Any]] = {}
    for name, found in answers:
        whole = scans.setdefault(name, {key: [] for key in found})
        for key, items in found.items():
            whole[key] += items
    return scans


def warm_up() -> None:
    """Judge one small policy: what the IAM checks read first (every action of AWS) is then there for each process that is forked."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    values = {"name": "warm-up", "policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    policy = {"address": "aws_iam_policy.a", "mode": "managed", "type": "aws_iam_policy", "name": "a", "values": values}
    plan = {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [policy]}}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file, indent=1)
        file.flush()
        run("terraform_plan", [file.name])


def run(framework: str, files: list[str]) -> dict[str, Any]:
    runner = importlib.import_module(RUNNERS[framework]).Runner()
    runner_filter = importlib.import_module("checkov.runner_filter").RunnerFilter(framework=[framework], download_external_modules=False)
    folders = [str(CUSTOM)] if framework == "argo_workflows" else []
    report = runner.run(root_folder=None, external_checks_dir=folders, files=files, runner_filter=runner_filter, collect_skip_comments=True)
    reports = report if isinstance(report, list) else [report]
    found: dict[str, list[Any]] = {"resources": [], "unparsed": [], "records": []}
    negative = negative_checks() if framework == "terraform_plan" else set()
    for report in reports:
        found["resources"] += [list(resource_of(name)) for name in sorted(report.resources)]
        found["unparsed"] += sorted(report.parsing_errors)
        for record in [*report.failed_checks, *report.passed_checks, *report.skipped_checks]:
            found["records"].append(fields(record, negative))
    return found


def resource_of(name: str) -> tuple[str, str]:
    """`/plan.json:aws_kms_key.data` → (file, resource)."""
    file, _, resource = name.partition(":")
    return file, resource


def fields(record: Any, negative: set[str]) -> list[Any]:
    first, last = record.file_line_range or (0, 0)
    keys = [str(key) for key in record.check_result.get("evaluated_keys") or []]
    result = record.check_result["result"].value
    return [
        record.check_id, record.check_name, result, record.resource, record.file_abs_path, first, last, keys, record.check_id in negative
    ]  # fmt: skip


def negative_checks() -> set[str]:
    """Checks that pass unless a value is a forbidden one: an unknown value passes them and decides nothing."""
    folder = "checkov.terraform.checks.resource"
    negative = importlib.import_module(f"{folder}.base_resource_negative_value_check").BaseResourceNegativeValueCheck
    registry = importlib.import_module(f"{folder}.registry").resource_registry
    return {check.id for checks in registry.checks.values() for check in checks if isinstance(check, negative)}


if __name__ == "__main__":
    sys.exit(main())
