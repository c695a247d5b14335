"""A container or script template: one process in one folder."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from mlctl.workflow.engine.environment import declared_of, environment_of, expand
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import Work
from mlctl.workflow.engine.node import Node, NodeKind, Outputs, Phase
from mlctl.workflow.engine.outputs import copy_over, outputs_of_process, read_result
from mlctl.workflow.engine.record import fnv32a
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.model.artifact import ArtifactFile
from mlctl.workflow.model.template import Template
from mlctl.workflow.process.hera_step import PATHS_VARIABLE
from mlctl.workflow.process.launch import Exit, Launch
from mlctl.workflow.process.sandbox import Sandbox
from mlctl.workflow.process.warm_python import hera_paths, is_hera
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill
from mlctl.workflow.validation.refusals import is_available, volumes_of

_DEADLINE = "Pod was active on the node longer than the specified deadline"
"""Argo gives a `timeout` to the pod as its deadline."""
_FILLED = ("container", "script", "inputs", "outputs")
_BROKEN_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


async def run_pod(work: Work, session: Session) -> Node:
    """Run the process of a step once, unless an earlier session finished it."""
    place, recorder = work.place, session.recorder
    node = recorder.open(place.name, place.display, NodeKind.POD, work.template.name, place.parent)
    if recorder.recall(node):
        return node
    queued = time.monotonic()
    session.busy += 1
    try:
        async with AsyncExitStack() as stack:
            if session.limit is not None:
                await stack.enter_async_context(session.limit)
            await stack.enter_async_context(session.slots)
            node.started = time.time()
            return await _Attempt(work, node, session, queued).run()
    except (NodeError, ExpressionError, ValueError) as error:
        return recorder.close(node, Phase.ERROR, str(error))
    except OSError as error:
        if error.errno in _BROKEN_DISK:
            raise
        return recorder.close(node, Phase.ERROR, f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
    except asyncio.CancelledError:
        if session.stopping:
            recorder.close(node, Phase.FAILED, session.stopping)
        raise
    finally:
        session.busy -= 1


def pod_name(work: Work, session: Session) -> str:
    """The name Argo would give the pod."""
    return f"{session.header.name}-{work.template.name}-{fnv32a(work.place.name)}"


class _Attempt:
    """One attempt at one step."""

    def __init__(self, work: Work, node: Node, session: Session, queued: float) -> None:
        self._node, self._session = node, session
        self._pod = pod_name(work, session)
        self._queued = queued
        self._folder = session.step_folder(node)
        self._scope = self._complete_scope(work)
        filled = {key: fill(work.template.raw[key], self._scope) for key in _FILLED if work.template.raw.get(key)}
        self._template = Template.read({**work.template.raw, **filled})
        self._volumes = volumes_of(self._template.raw, session.catalog)

    def _complete_scope(self, work: Work) -> Scope:
        own = {"pod.name": self._pod, "retries": work.scope.get("retries", "0")}
        for name, artifact in work.template.outputs.artifacts.items():
            own[f"outputs.artifacts.{name}.path"] = artifact.path or ""
        for name, parameter in work.template.outputs.parameters.items():
            source = parameter.value_from
            own[f"outputs.parameters.{name}.path"] = (source.path if source else None) or ""
        return work.scope.inner(own)

    async def run(self) -> Node:
        """Prepare the folder, run the process, collect what it made."""
        recorder = self._session.recorder
        sandbox = self._prepare()
        launch = self._launch(sandbox)
        try:
            async with asyncio.timeout(self._seconds_left()):
                ended = await self._start(launch)
        except TimeoutError:
            self._node.outputs = Outputs(result=read_result(launch.stdout, sandbox), exit_code=143)
            return recorder.close(self._node, Phase.FAILED, _DEADLINE)
        self._node.peak_memory = ended.peak_memory
        run = self._session.folder
        self._node.outputs = outputs_of_process(self._template, sandbox, ended.code, launch.stdout, run)
        if ended.code == 0:
            return recorder.close(self._node, Phase.SUCCEEDED)
        return recorder.close(self._node, Phase.FAILED, f"Error (exit code {ended.code}){_last_line(launch.stderr)}")

    async def _start(self, launch: Launch) -> Exit:
        def on_line(stream: str, text: str) -> None:
            self._session.watcher.line(self._node, stream, text)

        if is_hera(launch.argv):
            return await self._session.warm.run(launch, on_line)
        return await self._session.processes.run(launch, on_line)

    def _seconds_left(self) -> float | None:
        """A `timeout` counts from when the step was ready, and where there is one Argo asks nothing of `activeDeadlineSeconds`."""
        if self._template.timeout is None:
            return self._template.deadline
        return max(0.0, self._template.timeout - (time.monotonic() - self._queued))

    def _prepare(self) -> Sandbox:
        if self._folder.exists():
            shutil.rmtree(self._folder)
        (self._folder / "root" / "tmp").mkdir(parents=True)
        (self._folder / "tmp").mkdir()
        sandbox = Sandbox(self._folder, self._declared(), self._mounts())
        sandbox.work = self._working_folder(sandbox)
        for name, artifact in self._template.inputs.artifacts.items():
            file = self._scope.get(f"inputs.artifacts.{name}")
            if isinstance(file, ArtifactFile) and artifact.path:
                target = sandbox.local(artifact.path)
                copy_over(self._session.folder / file.path, target)
                _set_mode(target, artifact.mode, recurse=artifact.recurse_mode)
        for path in self._output_paths():
            sandbox.local(path).parent.mkdir(parents=True, exist_ok=True)
        return sandbox

    def _output_paths(self) -> list[str]:
        outputs = self._template.outputs
        paths = [artifact.path for artifact in outputs.artifacts.values()]
        paths += [parameter.value_from.path for parameter in outputs.parameters.values() if parameter.value_from]
        return [path for path in paths if path]

    def _declared(self) -> list[str]:
        command = self._template.command
        assert command is not None
        inputs = [artifact.path for artifact in self._template.inputs.artifacts.values() if artifact.path]
        declared = [*inputs, *self._output_paths(), *([command.working_dir] if command.working_dir else [])]
        return [*declared, *(hera_paths(command.env) if is_hera(command.command + command.args) else [])]

    def _working_folder(self, sandbox: Sandbox) -> Path:
        command = self._template.command
        if command is None or not command.working_dir:
            return sandbox.work
        folder = sandbox.local(command.working_dir)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _mounts(self) -> dict[str, Path]:
        command = self._template.command
        assert command is not None
        mounts: dict[str, Path] = {}
        for mount in command.mounts:
            folder = self._volume_folder(mount.volume)
            mounts[mount.path] = folder / mount.sub_path if mount.sub_path else folder
            if not mounts[mount.path].exists():
                mounts[mount.path].mkdir(parents=True)
        return mounts

    def _volume_folder(self, name: str) -> Path:
        volume = self._volumes.get(name)
        if volume is None:
            raise NodeError(f"there is no volume `{name}`; there are: {', '.join(self._volumes) or 'none'}")
        if "persistentVolumeClaim" in volume or "ephemeral" in volume:
            return self._session.folder / "volumes" / name
        folder = self._folder / "volumes" / name
        if "configMap" in volume and not folder.exists():
            folder.mkdir(parents=True)
            ref = volume["configMap"].get("name", "")
            values = self._session.catalog.config_maps.get(ref)
            if values is None and not volume["configMap"].get("optional"):
                raise NodeError(f"volume `{name}`: ConfigMap `{ref}` is not in the manifest's file or folder")
            for key, text in (values or {}).items():
                (folder / key).write_text(text, encoding="utf-8")
        return folder

    def _launch(self, sandbox: Sandbox) -> Launch:
        command = self._template.command
        assert command is not None
        if not is_available(command.command[0]):
            raise NodeError(f"there is no command `{command.command[0]}` on this machine")
        env = environment_of(command, self._pod, self._folder, self._session)
        declared = declared_of(command, self._pod, self._session)
        argv = [sandbox.rewrite(expand(part, declared)) for part in command.command + command.args]
        if argv[0] in ("python", "python3"):
            argv[0] = sys.executable
        if command.source is not None:
            script = self._folder / "script"
            script.write_text(sandbox.rewrite(command.source), encoding="utf-8")
            argv.append(str(script))
        if is_hera(argv):
            env[PATHS_VARIABLE] = json.dumps({path: str(sandbox.local(path)) for path in self._declared()})
        return Launch(
            argv=argv,
            env={name: sandbox.rewrite(value) if name in declared else value for name, value in env.items()},
            cwd=sandbox.work,
            stdout=self._folder / "stdout.log",
            stderr=self._folder / "stderr.log",
        )


def _set_mode(path: Path, mode: int | None, *, recurse: bool) -> None:
    if mode is None:
        return
    path.chmod(mode)
    if recurse and path.is_dir():
        for inner in path.rglob("*"):
            inner.chmod(mode)


def _last_line(stderr: Path) -> str:
    """The last thing a failed step said, for the one line its node has."""
    with stderr.open("rb") as stream:
        stream.seek(max(0, stderr.stat().st_size - 2048))
        lines = stream.read().decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1][:200]}" if lines else ""
