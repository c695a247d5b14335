"""`mlctl evidence`: verify and show the evidence log, add to it, copy it to where nobody can change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mlctl.evidence.record import Record

_KINDS = (
    "training evaluation fairness explanation latency data_contract artefact gate approval promotion deployment canary rollback monitoring"
)


@click.group("evidence")
def command() -> None:
    """Verify and show the evidence log."""


@command.command("verify")
@click.option("--against", metavar="GITREF", help="Also demand that everything this commit holds is still there.")
@click.option(
    "--bucket", metavar="NAME", help="Also demand that everything copied to this object-locked bucket is still there, and name what waits."
)
def verify(against: str | None, bucket: str | None) -> int:
    """Find any record that was edited, removed, moved or cut off. Status 1 where there is one."""
    from mlctl.evidence.log import EvidenceLog

    root = _root()
    log = EvidenceLog(root / "evidence")
    problems = log.verify()
    if against:
        problems += _against(root, against)
    if bucket and not problems:
        from mlctl.evidence.client import s3_client
        from mlctl.evidence.inbox import Inbox
        from mlctl.evidence.locked_copy import LockedCopy

        s3 = s3_client()
        problems += LockedCopy(bucket, s3).compare(log)
        found = Inbox(bucket, "", s3).contents(log, _owners(root))
        problems += found.refused
        if found.events:
            click.echo(f"{len(found.events)} events of the cluster wait in {bucket}: mlctl evidence collect --bucket {bucket}")
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo(f"{sum(1 for _ in log.records())} records of {len(log.models())} models are whole")
    return 1 if problems else 0


@command.command("show")
@click.argument("model")
@click.option("--version", type=click.IntRange(min=1), help="Only what is about this version.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(model: str, version: int | None, form: str) -> None:
    """The history of a model: what was done, when, by whom, on what grounds."""
    import json

    from mlctl.cli.main import echo_json
    from mlctl.errors import InputError
    from mlctl.evidence.log import EvidenceLog

    log = EvidenceLog(_root() / "evidence")
    if model not in log.models():
        raise InputError(f"there is no evidence about {model!r}", key="MODEL", allowed=", ".join(log.models()) or "none yet")
    records = [record for record in log.records(model) if version is None or record.version == version]
    if form == "json":
        echo_json([json.loads(record.line()) for record in records])
    else:
        click.echo("\n".join(_lines(record) for record in records))


@command.command("record")
@click.argument("model")
@click.option("--kind", required=True, type=click.Choice(_KINDS.split()))
@click.option("--version", type=click.IntRange(min=1))
@click.option("--env", "environment", metavar="NAME")
@click.option("--verdict", type=click.Choice(["pass", "fail", "not_evaluated"]))
@click.option("--detail", "details", multiple=True, metavar="KEY=VALUE", help="JSON value or text; may be given several times.")
@click.option(
    "--details-file", type=click.Path(path_type=Path, dir_okay=False), help="A JSON object, such as a step of the workflow writes."
)
@click.option("--by", metavar="WHO", help="Default: GITHUB_ACTOR, else git's e-mail address.")
def record_event(
    model: str,
    kind: Any,
    version: int | None,
    environment: str | None,
    verdict: Any,
    details: tuple[str, ...],
    details_file: Path | None,
    by: str | None,
) -> None:
    """Append one record. Approvals are recorded by `mlctl model approve`, promotions by `promote`."""
    from mlctl.cli.model import who_acts
    from mlctl.errors import InputError
    from mlctl.evidence.log import EvidenceLog

    if kind in ("approval", "promotion", "rollback"):
        raise InputError(
            f"{kind} has a command of its own",
            key="--kind",
            remedy=f"mlctl model {'approve' if kind == 'approval' else kind.replace('promotion', 'promote')}",
        )
    event = who_acts(by).event(
        kind=kind, model=model, version=version, environment=environment, verdict=verdict, details=_details(details, details_file)
    )
    [record] = EvidenceLog(_root() / "evidence").append([event])
    click.echo(f"record {record.sequence} of {model}: {record.hash}")


@command.command("copy")
@click.option("--bucket", required=True, metavar="NAME", help="The audit bucket: export `audit_bucket` of the registries stack.")
@click.option("--ref", default="HEAD", show_default=True, metavar="GITREF", help="The log as this commit holds it.")
def copy(bucket: str, ref: str) -> None:
    """Copy new records to an object-locked bucket. Refuses to copy a log that is not whole.

    Only what is committed is copied: a record that waits for its pull request gets its place in the chain, and so its hash, by the merge.
    """
    from mlctl.errors import BlockedError
    from mlctl.evidence.client import s3_client
    from mlctl.evidence.locked_copy import LockedCopy
    from mlctl.evidence.log import EvidenceLog

    with _log_at(_root(), ref, "--ref") as folder:
        log = EvidenceLog(folder)
        problems = log.verify()
        if problems:
            raise BlockedError(f"the log is not whole: {problems[0]}", remedy="mlctl evidence verify")
        click.echo(f"{LockedCopy(bucket, s3_client()).copy(log)} records copied to {bucket}")


@command.command("collect")
@click.option("--bucket", required=True, metavar="NAME", help="The audit bucket: export `audit_bucket` of the registries stack.")
def collect(bucket: str) -> int:
    """Take the events that the cluster's workflows left in the audit bucket into the log; `propose` brings them to the main branch.

    Status 1 where an object is no event of the team it lies with: it is named, and not taken.
    """
    from mlctl.evidence.client import s3_client
    from mlctl.evidence.inbox import Inbox
    from mlctl.evidence.log import EvidenceLog

    root = _root()
    found = Inbox(bucket, "", s3_client()).collect(EvidenceLog(root / "evidence"), _owners(root))
    for line in found.refused:
        click.echo(line)
    click.echo(f"{len(found.events)} events collected from {bucket}")
    return 1 if found.refused else 0


@command.command("propose")
@click.option("--branch", default="evidence/new-records", show_default=True)
@click.option("--remote", default="origin", show_default=True)
@click.option("--base", default="main", show_default=True, metavar="BRANCH")
def propose(branch: str, remote: str, base: str) -> None:
    """Open or update a pull request with the records written here that the base branch lacks."""
    from mlctl.cli.model import who_acts
    from mlctl.config import load_environments
    from mlctl.promotion.github import GitHub
    from mlctl.promotion.proposal import propose_records
    from mlctl.promotion.pull_request import Target

    root = _root()
    repository = load_environments(root / "environments")[0].repository
    target = Target(remote=remote, base=base, github=GitHub.from_environment(repository), author=who_acts(None).actor)
    count, address = propose_records(root, target, branch, "Keep new evidence")
    click.echo(f"{count} records proposed: {address}" if address else f"{base} holds every record")


def _lines(record: Record) -> str:
    import json

    about = "".join(
        [
            f" version {record.version}" if record.version is not None else "",
            f" in {record.environment}" if record.environment else "",
            f": {record.verdict.replace('_', ' ')}" if record.verdict else "",
        ]
    )
    lines = [
        f"{record.sequence:>5}  {record.date}  {record.kind}{about}",
        f"       by {record.actor}, commit {(record.commit or 'unknown')[:12]}",
    ]
    lines += [f"       {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in record.details.items()]
    return "\n".join([*lines, f"       hash {record.hash}"])


def _details(pairs: tuple[str, ...], file: Path | None) -> dict[str, Any]:
    import json

    from mlctl.config.yaml_file import read_text
    from mlctl.errors import InputError

    details: dict[str, Any] = {}
    if file:
        try:
            loaded = json.loads(read_text(file))
        except ValueError as error:
            raise InputError(f"is not JSON: {error}", file=file, key="--details-file") from None
        if not isinstance(loaded, dict):
            raise InputError("is no JSON object", file=file, key="--details-file")
        details |= loaded
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not key or not equals:
            raise InputError(f"{pair!r} is not KEY=VALUE", key="--detail")
        try:
            details[key] = json.loads(text)
        except ValueError:
            details[key] = text
    return details


def _against(root: Path, ref: str) -> list[str]:
    """Compare with the log of another commit."""
    from mlctl.evidence.log import verify_extends

    with _log_at(root, ref, "--against") as folder:
        return verify_extends(root / "evidence", folder)


@contextmanager
def _log_at(root: Path, ref: str, key: str) -> Iterator[Path]:
    """The log's folder as it stands in a commit."""
    import tempfile

    from mlctl.errors import InputError
    from mlctl.promotion.git import Git

    git = Git(root)
    commit = git.commit_of(ref)
    if commit is None:
        raise InputError(f"git knows no commit {ref!r}", key=key, remedy=f"fetch it first: git fetch origin {ref}")
    with tempfile.TemporaryDirectory(prefix="mlctl-evidence-") as name:
        folder = Path(name)
        for path in git.run("ls-tree", "--name-only", commit, "evidence/").splitlines():
            if path.endswith((".jsonl", ".json")):
                (folder / Path(path).name).write_bytes(git.content(commit, path))
        yield folder


def _owners(root: Path) -> dict[str, str]:
    """Model → the team it belongs to."""
    from mlctl.config import load_environments

    return {name: model.team for environment in load_environments(root / "environments") for name, model in environment.models.items()}


def _root() -> Path:
    from mlctl.plan.environment import Repository

    return Repository.find().root
