"""A real Argo Workflows on a real API server, with the tests' own node: what a workflow meets on a cluster, on this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import requests
import yaml

from tests.engine.api_server import ApiServer, free_port
from tests.engine.node.api import Config
from tests.engine.node.variables import ROOT

Object = dict[str, Any]
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/{}/workflows"
FINAL = ("Succeeded", "Failed", "Error")
BUCKET = "artifacts"
AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}
WAIT_SECONDS = 900
"""Long: it ends a test that will never end, and measures nothing."""
MODULES = (ROOT, ROOT / "tests" / "mlctl" / "workflow")
"""Where Python finds the project and the functions of the Hera steps in the manifests."""
CONTROLLER = {
    "LEADER_ELECTION_DISABLE": "true",
    "DEFAULT_REQUEUE_TIME": "1s",  # how soon it looks at a workflow again; ten seconds otherwise
    "TRANSIENT_ERROR_PATTERN": "exit code 75",
}
EXECUTOR_RULES = [
    {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
]
"""What Argo says the executor in a pod must be allowed: https://argo-workflows.readthedocs.io/en/latest/workflow-rbac/"""


class ArgoCluster:
    """Starts on `__enter__`, stops on `__exit__`."""

    def __init__(self, server: ApiServer, binaries: Path, crds: Path, folder: Path, storage: str) -> None:
        self.server = server
        self.folder = folder
        self._binaries, self._crds, self._storage = binaries, crds, storage
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> ArgoCluster:
        self._create_crds()
        self.namespace("argo")
        for item in self._settings():
            self.create(item, "argo")
        self.bucket(BUCKET)
        self.kubeconfig.write_text(yaml.safe_dump(self._access()))
        try:
            self._start_kubelet()
            self._start_controller()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig.yaml"

    def bucket(self, name: str) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        boto3.client("s3", endpoint_url=self._storage, **keys).create_bucket(Bucket=name)

    def namespace(self, name: str) -> None:
        """With the account that a controller of Kubernetes would make."""
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}, name)

    def create(self, manifest: Object, namespace: str = "default") -> None:
        verdict = self.server.create(manifest, namespace)
        assert verdict.accepted, f"{manifest['kind']} {manifest['metadata']}: {verdict.message}"

    def submit(self, workflow: Object, namespace: str) -> str:
        """The name of a new workflow."""
        answer = self.server.request("POST", WORKFLOWS.format(namespace), json=workflow, params={"fieldValidation": "Strict"})
        assert answer.ok, answer.text
        return str(answer.json()["metadata"]["name"])

    def workflow(self, namespace: str, name: str) -> Object:
        answer = self.server.request("GET", f"{WORKFLOWS.format(namespace)}/{name}")
        assert answer.ok, answer.text
        found: Object = answer.json()
        return found

    def workflows(self, namespace: str) -> list[Object]:
        answer = self.server.request("GET", WORKFLOWS.format(namespace))
        assert answer.ok, answer.text
        return list(answer.json()["items"])

    def token(self, namespace: str, account: str) -> str:
        """Of a service account."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        answer = self.server.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", json=body)
        assert answer.ok, answer.text
        return str(answer.json()["status"]["token"])

    @contextmanager
    def argo_server(self) -> Iterator[str]:
        """The address of Argo's own server, with TLS; who asks it is known to Kubernetes by a token. `server.authority` signed for it."""
        certificate = self.server.authority
        pair = {"tls.crt": certificate.read_text(), "tls.key": certificate.with_suffix(".key").read_text()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argo-server-tls"}, "stringData": pair}
        self.create(secret, "argo")
        port = free_port()
        command = [str(self._binaries / "argo"), "server", "--kubeconfig", str(self.kubeconfig), "--namespace", "argo"]
        options = ["--auth-mode", "client", "--port", str(port), "--tls-certificate-secret-name", "argo-server-tls"]
        process = self._start("argo-server", [*command, *options], {"KUBECONFIG": str(self.kubeconfig)})
        try:
            address, end = f"https://127.0.0.1:{port}", time.monotonic() + WAIT_SECONDS
            while not answers(address, certificate):
                self.check()
                assert time.monotonic() < end, self.diagnosis()
                time.sleep(0.2)
            yield address
        finally:
            self._processes.remove(process)
            process.kill()
            process.wait()

    def pods(self, namespace: str) -> dict[str, Object]:
        """By the id of the node that each carries out."""
        items = self.server.request("GET", f"/api/v1/namespaces/{namespace}/pods").json()["items"]
        return {pod["metadata"]["annotations"]["workflows.argoproj.io/node-id"]: pod for pod in items}

    def patch(self, namespace: str, name: str, change: Object) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"{WORKFLOWS.format(namespace)}/{name}"
        answer = self.server.request("PATCH", path, data=json.dumps(change), headers=headers)
        assert answer.ok, answer.text

    def wait(self, namespace: str, name: str) -> Object:
        """The workflow when it has ended."""
        return self.wait_for(namespace, name, lambda found: found.get("status", {}).get("phase") in FINAL)

    def wait_for(self, namespace: str, name: str, reached: Callable[[Object], bool]) -> Object:
        """The workflow when it is so far."""
        end = time.monotonic() + WAIT_SECONDS
        while not reached(found := self.workflow(namespace, name)):
            self.check()
            if time.monotonic() > end:
                raise TimeoutError(f"{name} is not so far: {json.dumps(found.get('status'), indent=1)[:5000]}")
            time.sleep(0.5)
        return found

    def command(self, *words: str, namespace: str) -> str:
        """What the `argo` command prints."""
        command = [str(self._binaries / "argo"), *words, "--namespace", namespace, "--kubeconfig", str(self.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self, namespace: str, node: str, container: str = "main") -> str | None:
        """What a container wrote to its standard output, by the id of Argo's node; the pod may be gone."""
        logs = self.folder / "node" / "logs" / namespace
        if (logs / node).exists():
            return (logs / node / container).read_text()
        return next((path.read_text() for path in logs.glob(f"*-{node.rpartition('-')[2]}/{container}")), None)

    def check(self) -> None:
        """Raises where the controller or the node has died."""
        for process in self._processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r}: {self.diagnosis()}")

    def diagnosis(self) -> str:
        return "\n".join(f"{log}: {log.read_text(errors='replace')[-4000:]}" for log in sorted(self.folder.glob("*.log")))

    def _create_crds(self) -> None:
        for file in sorted(self._crds.glob("argoproj.io_*.yaml")):
            definition = yaml.load(file.read_text(), yaml.CSafeLoader)
            self.create(definition)
            spec = definition["spec"]
            self.server.wait_for_kind(f"{spec['group']}/v1alpha1", spec["names"]["kind"])

    def _settings(self) -> Iterable[Object]:
        s3 = {
            "bucket": BUCKET,
            "endpoint": self._storage.removeprefix("http://"),
            "insecure": True,
            "useSDKCreds": True,
            "region": "us-east-1",
        }
        data = {
            "artifactRepository": yaml.safe_dump({"archiveLogs": False, "s3": s3}),
            "executor": yaml.safe_dump({"imagePullPolicy": "Never"}),
            "metricsConfig": yaml.safe_dump({"enabled": False}),
            "telemetryConfig": yaml.safe_dump({"enabled": False}),
        }
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "workflow-controller-configmap"}, "data": data}
        rbac = "rbac.authorization.k8s.io"
        yield {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": "executor"}, "rules": EXECUTOR_RULES}
        yield {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "executor"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "executor"},
            "subjects": [{"apiGroup": rbac, "kind": "Group", "name": "system:serviceaccounts"}],
        }

    def _access(self) -> Object:
        cluster = {"server": self.server.address, "certificate-authority": str(self.server.authority)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.server.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin", "namespace": "argo"}}],
            "current-context": "test",
        }

    def _start_kubelet(self) -> None:
        node = self.folder / "node"
        (node / "pods").mkdir(parents=True)
        config = Config(
            server=self.server.address,
            authority=str(self.server.authority),
            key=str(self.server.authority.with_suffix(".key")),
            token=self.server.token,
            folder=str(node),
            argoexec=str((self._binaries / "argoexec").resolve()),
            environment=AWS | {"AWS_ENDPOINT_URL": self._storage, "PYTHONPATH": os.pathsep.join(map(str, MODULES))},
        )
        settings = self.folder / "node.json"
        settings.write_text(json.dumps(dataclasses.asdict(config)))
        run = f'mount -t tmpfs tmpfs {node}/pods && exec "{sys.executable}" -m tests.engine.node.kubelet {settings}'
        self._start("node", ["unshare", "--mount", "--fork", "--kill-child=SIGKILL", "sh", "-c", run], {})

    def _start_controller(self) -> None:
        command = [str(self._binaries / "workflow-controller"), "--kubeconfig", str(self.kubeconfig), "--namespace", "argo"]
        options = ["--executor-image", "argoexec:this-machine", "--qps", "1000", "--burst", "2000", "--loglevel", "info"]
        self._start("workflow-controller", [*command, *options], CONTROLLER)

    def _start(self, name: str, command: list[str], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            environment = {**os.environ, **variables}
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT, env=environment)
        self._processes.append(process)
        return process

    def _stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


def answers(address: str, authority: Path) -> bool:
    """Whether its service of workflows does: the port is open before the services behind it are reached, and until then it says 503."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{address}/api/v1/workflows/argo", verify=str(authority), timeout=30).status_code < 500
        except requests.RequestException:
            return False
