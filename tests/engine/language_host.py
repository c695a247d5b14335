"""The tests' own language host: what the engine asks to run a Python program or a policy pack.

Pulumi's own is a Go module that was not to be had. This one serves the same published protocol, and runs programs with the SDK's ordinary
settings (`program_host.py`). It generates no code and packs no package: the tests ask for none.

Usage: python -m tests.engine.language_host ENGINE_ADDRESS
"""

# ruff: noqa: N802  (the names are those of Pulumi's protocol)

from __future__ import annotations

import importlib.metadata
import json
import platform
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tests.engine.plugin_server import serve
from tests.engine.program_host import TOLD

HOST = Path(__file__).with_name("program_host.py")


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves one engine."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def About(self, request: Any, context: Any) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """The tests bring the program's environment with them."""
        yield from ()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        found = sorted({(item.name, item.version) for item in importlib.metadata.distributions()})
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """Every SDK of the program's environment says in its `pulumi-plugin.json` which plugin it needs."""
        packages = []
        for file in sorted(environment_of(request.info).glob("lib/python*/site-packages/*/pulumi-plugin.json")):
            said = json.loads(file.read_text())
            if said.get("resource"):
                packages.append(plugin_pb2.PackageDependency(name=said["name"], kind="resource", version=said["version"]))
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        packages = self.GetRequiredPackages(request, context).packages
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[plugin_pb2.PluginDependency(name=item.name, kind=item.kind, version=item.version) for item in packages]
        )

    def Run(self, request: Any, context: Any) -> Any:
        settings = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization,
            "config": dict(request.config),
            "secret_keys": list(request.configSecretKeys),
            "dry_run": request.dryRun,
            "parallel": request.parallel,
            "root_directory": request.info.root_directory,
            "entry": str(Path(request.info.program_directory, request.info.entry_point)),
        }
        with tempfile.TemporaryDirectory(prefix="program-") as folder:
            file = Path(folder, "settings.json")
            file.write_text(json.dumps(settings))
            command = [str(python_of(request.info)), "-u", str(HOST), str(file)]
            status = subprocess.run(command, cwd=request.pwd, check=False).returncode
        if status == TOLD:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with status {status}" if status else "")

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Runs a policy pack by the SDK's own runner, and passes on what it prints until it ends or the engine goes away."""
        folder = request.info.program_directory
        command = [str(python_of(request.info)), "-u", "-m", "pulumi.policy", *request.args[:1], folder, *request.args[1:]]
        variables = dict(item.split("=", 1) for item in request.env)
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=folder, env=variables or None, stdout=pipe, stderr=pipe)
        context.add_callback(process.terminate)
        said: queue.Queue[Any] = queue.Queue()
        readers = [
            threading.Thread(target=_pass_on, args=(process.stdout, _as_output, said), daemon=True),
            threading.Thread(target=_pass_on, args=(process.stderr, _as_error, said), daemon=True),
        ]
        for reader in readers:
            reader.start()
        for _ in readers:
            yield from iter(said.get, None)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _pass_on(stream: IO[bytes], answer: Callable[[bytes], Any], said: queue.Queue[Any]) -> None:
    """Ends with a None."""
    for line in stream:
        said.put(answer(line))
    said.put(None)


def _as_output(line: bytes) -> Any:
    return language_pb2.RunPluginResponse(stdout=line)


def _as_error(line: bytes) -> Any:
    return language_pb2.RunPluginResponse(stderr=line)


def environment_of(info: Any) -> Path:
    """The virtual environment that Pulumi.yaml names; without one the one that runs this."""
    named = json_format.MessageToDict(info.options).get("virtualenv")
    return Path(info.root_directory, named) if named else Path(sys.prefix)


def python_of(info: Any) -> Path:
    return environment_of(info) / "bin" / "python"


if __name__ == "__main__":
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(sys.argv[1]), server))
