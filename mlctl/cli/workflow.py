"""`mlctl workflow`: run an Argo manifest here, look at a run, or send the manifest to an Argo server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

RENDERED = Path("workflows/rendered")


@click.group()
def workflow() -> None:
    """Run Argo workflows on this machine, or send them to an Argo server."""


command = workflow
"""What the top command looks for in this module."""


def _pairs(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"`{value}` is not NAME=VALUE", param=option)
        if name in pairs:
            raise click.BadParameter(f"`{name}` is given twice", param=option)
        pairs[name] = text
    return pairs


def _runs_dir(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--runs-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".mlctl/runs"),
        show_default=True,
        help="Where runs are kept.",
    )(command)


def _parameters(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", callback=_pairs,
        help="A parameter of the workflow; may be repeated.",
    )(command)  # fmt: skip


def _one_of_several(command: click.decorators.FC) -> click.decorators.FC:
    return click.option("--name", help="Which manifest, where the file holds several to run.")(command)


def _lookup(command: click.decorators.FC) -> click.decorators.FC:
    command = click.option("--env", default="dev", show_default=True, help="Whose rendered manifest NAME means.")(command)
    return click.option(
        "--rendered", type=click.Path(path_type=Path, file_okay=False), default=RENDERED, show_default=True,
        help="The folder NAME is looked up in, as ENV/NAME.yaml.",
    )(command)  # fmt: skip


@workflow.command()
@click.argument("manifest", metavar="[NAME|FILE.yaml]", required=False)
@_parameters
@click.option(
    "--artifact", "artifacts", multiple=True, metavar="NAME=PATH", callback=_pairs,
    help="A file or folder for an artefact of the workflow; may be repeated.",
)  # fmt: skip
@click.option("--entrypoint", help="The template to start with, instead of the manifest's own.")
@_one_of_several
@_lookup
@click.option("--resume", metavar="RUN", help="Go on with a run that was stopped, killed, suspended, or has failed.")
@click.option("--yes", is_flag=True, help="Continue at suspended steps without asking.")
@click.option(
    "--supply", "supplied", multiple=True, metavar="NAME=VALUE", callback=_pairs,
    help="A value for an output a person supplies at a suspended step.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), help="Steps at once.  [default: the number of cores]")
@click.option(
    "--warm", multiple=True, metavar="MODULE", help="Import this once, so that no step has to; may be repeated. For steps of Hera's runner."
)  # fmt: skip
@click.option("--quiet", is_flag=True, help="Do not show what the steps write; it is kept in any case.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_runs_dir
def run(
    manifest: str | None,
    parameters: dict[str, str],
    artifacts: dict[str, str],
    entrypoint: str | None,
    name: str | None,
    env: str,
    rendered: Path,
    resume: str | None,
    yes: bool,
    supplied: dict[str, str],
    jobs: int | None,
    warm: tuple[str, ...],
    quiet: bool,
    form: str,
    runs_dir: Path,
) -> None:
    """Run an Argo manifest on this machine, every step in a process and folder of its own."""
    from mlctl.workflow.engine.session import Options, default_jobs
    from mlctl.workflow.local import Start, resume_run, start_run
    from mlctl.workflow.view.choose import choose_view

    project = Path.cwd().resolve()
    view = choose_view(quiet=quiet, json_only=form == "json")
    options = Options(project=project, jobs=jobs or default_jobs(), approve=yes, warm=warm, supplied=supplied, ask=view.ask)
    if resume is not None:
        if manifest or parameters or artifacts or entrypoint or name:
            raise click.UsageError("--resume goes on with the manifest and parameters the run was started with")
        result = view.show(lambda watcher: resume_run(runs_dir, resume, watcher, options))
    else:
        if manifest is None:
            raise click.UsageError("name a workflow or a file, or use --resume RUN")
        start = Start(
            file=find_manifest(manifest, env, rendered),
            parameters=parameters,
            artifacts={name: Path(path).absolute() for name, path in artifacts.items()},
            entrypoint=entrypoint,
            name=name,
        )
        result = view.show(lambda watcher: start_run(runs_dir, start, watcher, options))
    if form == "json":
        click.echo(json.dumps(result.as_json(), indent=2))
    else:
        click.echo(result.summary())
    sys.exit(result.exit_status)


def find_manifest(manifest: str, env: str, rendered: Path) -> Path:
    """The file a NAME or a path means.

    Raises
    ------
    InputError
        There is no such file.
    """
    from mlctl.errors import InputError

    if manifest.endswith((".yaml", ".yml")):
        if not Path(manifest).is_file():
            raise InputError("there is no such file", file=manifest)
        return Path(manifest)
    file = rendered / env / f"{manifest}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in (rendered / env).glob("*.yaml"))) or "none"
        raise InputError(f"there is no workflow `{manifest}` for `{env}`", file=file, allowed=known)
    return file


@workflow.command()
@click.argument("run_name", metavar="RUN")
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid", "html"]), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of standard output.")
@_runs_dir
def show(run_name: str, form: str, out: Path | None, runs_dir: Path) -> None:
    """Draw a run: every step with its phase, time, peak memory, outputs and logs. HTML is one page that needs nothing else."""
    from mlctl.errors import InputError
    from mlctl.workflow.view.history import read_run
    from mlctl.workflow.view.page import as_html
    from mlctl.workflow.view.tree import as_json, as_mermaid, as_text

    shown = read_run(runs_dir, run_name)
    text = {"text": as_text, "json": as_json, "mermaid": as_mermaid, "html": as_html}[form](shown)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", file=out, key="--out") from None


@workflow.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@_runs_dir
def list_runs(form: str, runs_dir: Path) -> None:
    """List the runs, the latest first."""
    from mlctl.workflow.view.history import summaries

    found = summaries(runs_dir)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return
    for line in found:
        click.echo(f"{line['run']}  {line['phase']}  {line['started']}  {line['steps']} steps")
    if not found:
        click.echo(f"no runs in {runs_dir}")


@workflow.command()
@click.argument("manifest", metavar="NAME|FILE.yaml")
@click.option("--server", required=True, help="The Argo server, as https://HOST[:PORT]; the token is read from ARGO_TOKEN.")
@click.option("--namespace", help="The namespace the workflow runs in.  [default: the manifest's own, else argo]")
@_parameters
@_one_of_several
@_lookup
@click.option("--ca-file", type=click.Path(path_type=Path), help="The authority that signed the server's certificate.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds per request.")
@click.option("--watch", is_flag=True, help="Wait for the end; the exit status is 1 if the workflow failed.")
def submit(
    manifest: str,
    server: str,
    namespace: str | None,
    parameters: dict[str, str],
    name: str | None,
    env: str,
    rendered: Path,
    ca_file: Path | None,
    timeout: float,
    watch: bool,
) -> None:
    """Send the same manifest to an Argo server."""
    import os

    from mlctl.workflow.argo_server import TOKEN_VARIABLE, ArgoServer, follow
    from mlctl.workflow.argo_server import submit as send
    from mlctl.workflow.catalog import load_catalog
    from mlctl.workflow.engine.arguments import check_parameters

    catalog = load_catalog(find_manifest(manifest, env, rendered), name)
    check_parameters(catalog, parameters)
    place = namespace or str(catalog.metadata.get("namespace") or "argo")
    address = ArgoServer(url=server, token=os.environ.get(TOKEN_VARIABLE, ""), ca_file=ca_file, timeout=timeout)
    sent = send(address, catalog, place, parameters)
    click.echo(f"{sent} submitted to {place}")
    if watch:
        phase = follow(address, place, sent, click.echo)
        click.echo(f"{sent} {phase}")
        sys.exit(0 if phase == "Succeeded" else 1)


@workflow.command()
@click.option(
    "--env", "names", multiple=True, metavar="NAME", help="Only this environment; may be repeated.  [default: all]"
)  # fmt: skip
@click.option("--check", is_flag=True, help="Write nothing; the exit status is 1 if a file is stale.")
@click.option(
    "--definitions", type=click.Path(path_type=Path, file_okay=False), default=Path("workflows"), show_default=True,
    help="The folder with the definitions: modules with a function build(environment).",
)  # fmt: skip
@click.option("--environments", type=click.Path(path_type=Path, file_okay=False), default=Path("environments"), show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=RENDERED, show_default=True, help="Where the files are."
)  # fmt: skip
def render(names: tuple[str, ...], check: bool, definitions: Path, environments: Path, out: Path) -> None:
    """Write the manifests of every environment from their definitions."""
    from mlctl.config.load import load_environments
    from mlctl.workflow.render import orphans
    from mlctl.workflow.render import render as render_files

    stale = 0
    for environment in load_environments(environments, names):
        files = render_files(definitions, out, environment)
        for file in (file for file in files if file.stale):
            stale += 1
            click.echo(f"{'stale' if check else 'wrote'} {file.path}")
            if not check:
                file.write()
        for path in orphans(out, environment, files):
            stale += 1
            click.echo(f"{'stale' if check else 'removed'} {path}: no definition gives it")
            if not check:
                path.unlink()
    if check and stale:
        click.echo("run mlctl workflow render and commit the files")
        sys.exit(1)


@workflow.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--program", default="workflows.demo", show_default=True, help="The module that is run.")
def demo(arguments: tuple[str, ...], program: str) -> None:
    """Run the closed loop on this machine, from data to rollback, and write a report.

    ARGUMENTS are handed to the program: `--out DIR`, `--help`.
    """
    import os
    import subprocess

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    sys.exit(subprocess.run([sys.executable, "-m", program, *arguments], env=environment, check=False).returncode)
