"""One pod, from its binding to its end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.engine.node.api import Api, Config, Object
from tests.engine.node.process import NAMESPACES, Container, now
from tests.engine.node.variables import ROOT, Variables, expanded
from tests.engine.node.volumes import Volumes

POLL_SECONDS = 0.05


class Pod(threading.Thread):
    """A pod that runs here, from its binding to its end."""

    def __init__(self, pod: Object, config: Config, api: Api) -> None:
        super().__init__(daemon=True)
        self.pod = pod
        self.namespace, self.pod_name, self.uid = (str(pod["metadata"][key]) for key in ("namespace", "name", "uid"))
        self._config, self._api = config, api
        self._folder = Path(config.folder) / "pods" / self.uid
        self._variables = Variables(pod, config, api)
        self._volumes = Volumes(pod, self._folder, self._variables, config, api)
        self._since = now()
        self._begun = time.monotonic()
        self._gone = threading.Event()
        self._deleted = threading.Event()
        self._grace = 30.0
        self._reason: tuple[str, str] | None = None
        spec = pod["spec"]
        self._init = [Container(item["name"]) for item in spec.get("initContainers", [])]
        self._main = [Container(item["name"]) for item in spec["containers"]]

    def delete(self, grace: float) -> None:
        """Somebody wants the pod away."""
        self._grace = grace
        self._deleted.set()

    def forget(self) -> None:
        """The API server no longer has the pod: end it at once and say nothing."""
        self._gone.set()

    def process_of(self, container: str) -> int | None:
        """The process 1 of a container that is running."""
        return next((found.first for found in (*self._init, *self._main) if found.name == container), None)

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:  # a node that fails must not leave a workflow waiting
            self._reason = ("KubeletFailed", f"{type(error).__name__}: {error}")
            self._report("Failed")
        finally:
            self._kill()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> None:
        self._folder.mkdir(parents=True)
        self._report("Pending")
        for definition, container in zip(self.pod["spec"].get("initContainers", []), self._init, strict=True):
            self._start(definition, container)
            self._report("Pending")
            if not self._watch([container]) or container.exit_code != 0:
                self._end("Failed")
                return
        for definition, container in zip(self.pod["spec"]["containers"], self._main, strict=True):
            self._start(definition, container)
        self._report("Running")
        good = self._watch(self._main) and all(container.exit_code == 0 for container in self._main)
        self._end("Succeeded" if good else "Failed")

    def _watch(self, containers: list[Container]) -> bool:
        """Waits for them to end; False where the pod was ended for another reason."""
        while True:
            ended = [container for container in containers if container.look()]
            if all(container.exit_code is not None for container in containers):
                return True
            if ended:
                self._report("Running")
            if self._gone.is_set():
                return False
            deadline = self.pod["spec"].get("activeDeadlineSeconds")
            if deadline is not None and time.monotonic() - self._begun > deadline:
                self._reason = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
                self._grace = float(self.pod["spec"].get("terminationGracePeriodSeconds") or 30)
            if self._reason or self._deleted.is_set():
                self._terminate(containers)
                return False
            time.sleep(POLL_SECONDS)

    def _terminate(self, containers: list[Container]) -> None:
        """SIGTERM, time to end, SIGKILL."""
        for container in containers:
            container.send(signal.SIGTERM)
        end = time.monotonic() + self._grace
        while time.monotonic() < end and not self._gone.is_set() and any(container.exit_code is None for container in containers):
            for container in containers:
                container.look()
            time.sleep(POLL_SECONDS)
        self._kill()

    def _kill(self) -> None:
        for container in (*self._init, *self._main):
            container.send(signal.SIGKILL)
            if container.process is not None:
                container.process.wait()
            container.look()

    def _end(self, phase: str) -> None:
        if self._gone.is_set():
            return
        self._report(phase)
        if self._deleted.is_set():
            self._api.call("DELETE", self._path, json={"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}})

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod_name}"

    def _report(self, phase: str) -> None:
        ready = phase == "Running"
        status: Object = {
            "phase": phase,
            "startTime": self._since,
            "hostIP": "127.0.0.1",
            "podIP": "127.0.0.1",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": str(ready)},
            ],
            "initContainerStatuses": [container.status() for container in self._init],
            "containerStatuses": [container.status() for container in self._main],
        }
        if self._reason:
            status["reason"], status["message"] = self._reason
        self._api.patch(f"{self._path}/status", {"status": status})

    def _start(self, definition: Object, container: Container) -> None:
        logs = Path(self._config.folder) / "logs" / self.namespace / self.pod_name
        logs.mkdir(parents=True, exist_ok=True)
        own = self._folder / "containers" / container.name
        own.mkdir(parents=True)
        environment = self._variables.of(definition)
        security = {**self.pod["spec"].get("securityContext", {}), **definition.get("securityContext", {})}
        words = [*definition.get("command", []), *definition.get("args", [])]
        container.said = own / "termination-log"
        container.said.touch(mode=0o666)
        container.said.chmod(0o666)
        last_words = {"source": str(container.said), "target": definition["terminationMessagePath"], "read_only": False}
        spec = {
            "folder": str(own),
            "mounts": [*self._volumes.mounts(definition), last_words],
            "cwd": definition.get("workingDir") or "/",
            "readable": [str(ROOT), sys.prefix, sys.base_prefix],
            "read_only": bool(security.get("readOnlyRootFilesystem")),
            "user": security.get("runAsUser", 0),
            "group": security.get("runAsGroup", 0),
            "groups": [security["fsGroup"]] if "fsGroup" in security else [],
            "command": [expanded(word, environment) for word in words],
            "environment": environment,
        }
        (own / "spec.json").write_text(json.dumps(spec))
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("container.py")), str(own / "spec.json")]
        container.started = now()
        with (logs / container.name).open("wb") as output, (logs / f"{container.name}.err").open("wb") as errors:
            container.process = subprocess.Popen([*NAMESPACES, *launcher], stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
