"""Runs a workflow from its first node to its exit handler."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path

from mlctl.errors import InputError, ServiceError
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.engine.arguments import workflow_arguments
from mlctl.workflow.engine.bind import bind
from mlctl.workflow.engine.clock import rfc3339
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Place, run_call
from mlctl.workflow.engine.hooks import Hooks
from mlctl.workflow.engine.journal import Journal
from mlctl.workflow.engine.locks import Locks, default_lock_folder
from mlctl.workflow.engine.node import Node, Phase
from mlctl.workflow.engine.plain_folder import plain_folder
from mlctl.workflow.engine.record import Recorder, finished_before, fnv32a
from mlctl.workflow.engine.run_folder import RunFolder
from mlctl.workflow.engine.session import Options, Session
from mlctl.workflow.engine.watch import Watcher
from mlctl.workflow.engine.workflow_scope import workflow_scope
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.go_text import to_json
from mlctl.workflow.model.artifact import ArtifactFile
from mlctl.workflow.model.call import Arguments, Call, hooks_of
from mlctl.workflow.model.template import locks_of
from mlctl.workflow.process.processes import Processes, kill_leftovers
from mlctl.workflow.process.warm_python import WarmPython
from mlctl.workflow.validation.check import check

_DEADLINE = "the workflow ran longer than its activeDeadlineSeconds"


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a run ended; `waiting_for` names suspended steps, `interrupted` is a signal's name."""

    run: str
    folder: Path
    phase: Phase
    message: str
    roots: list[Node]
    waiting_for: tuple[str, ...] = ()
    interrupted: str = ""


def run_workflow(folder: RunFolder, options: Options, watcher: Watcher) -> Result:
    """Run, or go on with, the workflow of a run folder.

    Raises
    ------
    InputError
        The manifest kept in the folder, or the journal, cannot be used.
    ServiceError
        The disk is full or broken; the run can be resumed.
    """
    try:
        folder.lock()
        with plain_folder(folder.path) as place:
            return asyncio.run(_run(folder, place, options, watcher))
    except OSError as error:
        raise ServiceError(
            f"run `{folder.path.name}` stopped: {error.strerror or error}",
            file=error.filename if isinstance(error.filename, str) else None,
            remedy=f"make room, then `mlctl workflow run --resume {folder.path.name}`",
        ) from None
    finally:
        folder.unlock()


async def _run(folder: RunFolder, place: Path, options: Options, watcher: Watcher) -> Result:
    header, records = folder.read()
    catalog = load_catalog(folder.path / "manifest" / header.manifest, header.chosen)
    checked = check(catalog, entrypoint=header.entrypoint, parameters=header.parameters)
    last = next((record for record in reversed(records) if record["event"] in ("done", "again")), None)
    failed_before = last is not None and last["event"] == "done" and last["phase"] != Phase.SUCCEEDED
    if records and (count := kill_leftovers(folder.path)):
        watcher.note(f"ended {count} processes an earlier session left behind")
    journal = Journal(folder.journal_file)
    if failed_before:
        journal.add({"event": "again", "at": time.time()}, durable=True)
    recorder = Recorder(header.name, journal, watcher, finished_before(records, retry_failed=failed_before))
    processes = Processes()
    warm = WarmPython(processes, imports=options.warm, project=options.project)
    limit = catalog.spec.get("parallelism")
    if checked.ignored and not records:
        watcher.note("without meaning on one machine, and ignored: " + ", ".join(checked.ignored))
    if checked.foreign and not records:
        watcher.note("left as they stand, because they are none of Argo's variables: " + ", ".join(checked.foreign))
    session = Session(
        folder=place, header=header, catalog=catalog, recorder=recorder, watcher=watcher, processes=processes,
        warm=warm, locks=Locks(default_lock_folder(), catalog.setting, watcher.note),
        memory=folder.path.parent / ".memo", options=options, globals=workflow_scope(header, catalog, {}),
        slots=asyncio.Semaphore(options.jobs), limit=asyncio.Semaphore(limit) if limit else None,
    )  # fmt: skip
    try:
        result = await _until_stopped(session)
        if not result.waiting_for and not result.interrupted:
            done = {"event": "done", "phase": str(result.phase), "message": result.message, "at": time.time()}
            journal.add(done, durable=True)
        return result
    finally:
        warm.close()
        processes.close()
        kill_leftovers(folder.path)
        journal.close()


async def _until_stopped(session: Session) -> Result:
    """Run until the workflow ends, a signal comes, or only a person can go on."""
    loop = asyncio.get_running_loop()
    interrupted: list[str] = []
    main = asyncio.ensure_future(_whole(session))
    quiet = asyncio.ensure_future(_notice_suspension(session))

    def stop(number: signal.Signals) -> None:
        interrupted.append(number.name)
        main.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        await asyncio.wait([main, quiet], return_when=asyncio.FIRST_COMPLETED)
        if main.done() and not main.cancelled():
            phase, message = main.result()
            return _result(session, phase, message)
        names = tuple(node.display for node in session.suspended) if quiet.done() else ()
        return replace(_result(session, Phase.RUNNING, ""), waiting_for=names, interrupted=interrupted[0] if interrupted else "")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await _cancel_everything()


async def _cancel_everything() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _result(session: Session, phase: Phase, message: str) -> Result:
    return Result(run=session.header.name, folder=session.folder.resolve(), phase=phase, message=message, roots=session.recorder.roots)


async def _notice_suspension(session: Session) -> None:
    """Ends when suspended steps are all that is left."""
    still = 0
    while still < 3:
        await asyncio.sleep(0.05)
        waits = session.suspended and not session.busy and not session.locks.busy
        still = still + 1 if waits else 0


async def _whole(session: Session) -> tuple[Phase, str]:
    """The entrypoint, the hooks and the exit handler, under the workflow's own locks."""
    spec, catalog = session.catalog.spec, session.catalog
    arguments = workflow_arguments(catalog, session.header)
    given = {f"given.{name}": ArtifactFile(Path(path)) for name, path in session.header.artifacts.items()}
    session.globals.update(given)
    try:
        inputs = bind(arguments, arguments, session.globals, session)
    except (NodeError, ExpressionError) as error:
        raise InputError(str(error), file=catalog.main.document.file) from None
    session.globals = workflow_scope(session.header, catalog, inputs)
    session.globals.update(given)
    name = session.header.name
    place = Place(name=name, display=name, parent=None, boundary="")
    async with session.locks.hold(locks_of(spec.get("synchronization")), name):
        hooks = Hooks(_with_arguments(hooks_of(spec), arguments), catalog.main, place, session)
        hooks.reached(session.globals.inner({"workflow.status": str(Phase.RUNNING)}), None)
        call = replace(Call.read({"template": session.header.entrypoint}, name), arguments=arguments)
        phase, message = await _entrypoint(call, place, session)
        session.globals.update(_ending(phase, session))
        exit_node = await hooks.finish(session.globals, None)
    if exit_node is not None and exit_node.phase.bad and not phase.bad:
        return exit_node.phase, f"the exit handler failed: {exit_node.message}"
    return phase, message


def _with_arguments(hooks: dict[str, Call], arguments: Arguments) -> dict[str, Call]:
    """The exit handler gets the workflow's arguments unless it has its own."""
    found = dict(hooks)
    if (handler := found.get("exit")) and not (handler.arguments.parameters or handler.arguments.artifacts):
        found["exit"] = replace(handler, arguments=arguments)
    return found


async def _entrypoint(call: Call, place: Place, session: Session) -> tuple[Phase, str]:
    deadline = session.catalog.spec.get("activeDeadlineSeconds")
    work = asyncio.ensure_future(run_call(call, session.catalog.main, session.globals, place, session))
    try:
        await asyncio.wait([work], timeout=deadline)
        if work.done():
            node = work.result()
            return node.phase, node.message
        session.stopping = _DEADLINE
        work.cancel()
        await asyncio.wait([work])
        for root in session.recorder.roots:
            _close_open(root, session)
        session.stopping = ""
        return Phase.FAILED, _DEADLINE
    except asyncio.CancelledError:
        work.cancel()
        await asyncio.wait([work])
        raise


def _close_open(node: Node, session: Session) -> None:
    for child in node.children:
        _close_open(child, session)
    if node.phase is Phase.RUNNING:
        session.recorder.close(node, Phase.FAILED, _DEADLINE)


def _ending(phase: Phase, session: Session) -> dict[str, str]:
    """What the exit handler can see of how the workflow ended."""
    failures = [
        {
            "displayName": node.display,
            "message": node.reason,
            "templateName": node.template,
            "phase": str(node.phase),
            "podName": f"{session.header.name}-{node.template}-{fnv32a(node.name)}",
            "finishedAt": rfc3339(node.finished),
        }
        for node in session.recorder.failures
    ]
    return {"workflow.status": str(phase), "workflow.failures": to_json(to_json(failures, sort=False))}
