"""A node for tests: binds the pods of an API server to itself and runs their containers as processes of this machine.

What is a real kubelet's: init containers one after another, then the others side by side; volumes; service account tokens; variables;
deadlines; SIGTERM, grace and SIGKILL when a pod is deleted or over its deadline; the status that the API server shows. Every container
has a mount and a process namespace of its own over a writable layer of this machine's file system (`container.py`).

What is not: images (every image is this machine, with the project's Python and the project on its path), limits, probes, networks of
their own, restarts, the order of scheduling. It takes as many pods at a time as it has room for.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.engine.node.api import Api, Config, Object
from tests.engine.node.exec_server import start_exec_server
from tests.engine.node.pod import Pod

POLL_SECONDS = 0.2


class Kubelet:
    """Runs until it is stopped."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._api = Api(config)
        self._pods: dict[str, Pod] = {}
        self._known: set[str] = set()
        """Of all pods that were ever taken: one that has just ended may still be in a list that was asked for before."""

    def run(self) -> None:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._config.node}}
        self._api.call("POST", "/api/v1/nodes", json=node).raise_for_status()
        port = start_exec_server(self._config, self._process_of)
        status = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        self._api.patch(f"/api/v1/nodes/{self._config.node}/status", {"status": status})
        while True:
            self._look()
            time.sleep(POLL_SECONDS)

    def _process_of(self, namespace: str, pod: str, container: str) -> int | None:
        found = [item for item in list(self._pods.values()) if (item.namespace, item.pod_name) == (namespace, pod)]
        return found[0].process_of(container) if found else None

    def _look(self) -> None:
        listed = self._api.get("/api/v1/pods?fieldSelector=status.phase!=Succeeded,status.phase!=Failed")
        seen = {pod["metadata"]["uid"]: pod for pod in (listed or {}).get("items", [])}
        self._pods = {uid: pod for uid, pod in self._pods.items() if pod.is_alive()}
        for uid, pod in self._pods.items():
            if uid not in seen:
                self._forget(pod)
            elif "deletionTimestamp" in seen[uid]["metadata"]:
                pod.delete(float(seen[uid]["metadata"].get("deletionGracePeriodSeconds") or 0))
        waiting = [pod for uid, pod in seen.items() if uid not in self._known and "deletionTimestamp" not in pod["metadata"]]
        for pod in sorted(waiting, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))[: self._config.room - len(self._pods)]:
            self._take(pod)

    def _forget(self, pod: Pod) -> None:
        """A pod that has ended is not listed either: only one that is not there, or is another one, is gone."""
        found = self._api.get(f"/api/v1/namespaces/{pod.namespace}/pods/{pod.pod_name}")
        if found is None or found["metadata"]["uid"] != pod.uid:
            pod.forget()

    def _take(self, pod: Object) -> None:
        meta = pod["metadata"]
        if not pod["spec"].get("nodeName"):
            binding = {"metadata": {"name": meta["name"]}, "target": {"kind": "Node", "name": self._config.node}}
            answer = self._api.call("POST", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding", json=binding)
            if not answer.ok:  # it was deleted meanwhile
                return
        running = Pod(pod, self._config, self._api)
        self._pods[meta["uid"]] = running
        self._known.add(meta["uid"])
        running.start()


if __name__ == "__main__":
    Kubelet(Config(**json.loads(Path(sys.argv[1]).read_text()))).run()
