"""A real Kubernetes API server with its etcd, on loopback, for as long as the tests run.

It has no controllers and no nodes: what it says is whether an object is well-formed, valid and admitted.
"""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

READY_SECONDS = 120
Object = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What the server answered."""

    status: int
    message: str

    @property
    def accepted(self) -> bool:
        return self.status < 300


@dataclass(frozen=True)
class User:
    """Somebody whom the administrator of the tests stands in for."""

    name: str
    group: str | None = None
    """Of a service account the server knows its groups itself."""

    @property
    def headers(self) -> dict[str, str]:
        return {"Impersonate-User": self.name} | ({"Impersonate-Group": self.group} if self.group else {})


@dataclass(frozen=True)
class Kind:
    """Where objects of one kind live."""

    path: str
    namespaced: bool


class ApiServer:
    """Starts on `__enter__`, stops on `__exit__`; raises RuntimeError with the log's end where it does not get ready."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._token = secrets.token_hex(16)
        self._address = f"https://127.0.0.1:{free_port()}"
        self._kinds: dict[str, dict[str, Kind]] = {}

    def __enter__(self) -> ApiServer:
        write_identity(self._folder)
        clients = f"http://127.0.0.1:{free_port()}"
        peers = f"http://127.0.0.1:{free_port()}"
        try:
            self._start("etcd", *etcd_flags(self._folder, clients, peers))
            self._start("kube-apiserver", *self._api_server_flags(clients))
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    @property
    def address(self) -> str:
        return self._address

    @property
    def token(self) -> str:
        """The administrator's."""
        return self._token

    @property
    def authority(self) -> Path:
        """The certificate that the server shows, which signs itself."""
        return self._folder / "server.crt"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Anything else, as the administrator."""
        return self._request(method, path, **options)

    @property
    def version(self) -> str:
        """`v1.33.13`"""
        return str(self._request("GET", "/version").json()["gitVersion"])

    def dry_run(self, manifest: Object, namespace: str = "default", *, user: User | None = None) -> Verdict:
        """Whether the server would create the object, for an administrator or a user. Unknown and doubled fields are refused."""
        return self._create(manifest, namespace, {"dryRun": "All", "fieldValidation": "Strict"}, user)

    def dry_update(self, manifest: Object, namespace: str = "default", *, user: User | None = None) -> Verdict:
        """The same of a change to an object that is there."""
        query, name = {"dryRun": "All", "fieldValidation": "Strict"}, f"/{manifest['metadata']['name']}"
        return self._ask("PUT", manifest, namespace, name, user, json=dict(manifest), params=query)

    def create(self, manifest: Object, namespace: str = "default") -> Verdict:
        """Creates the object for good: a namespace, a CRD, an admission policy."""
        return self._create(manifest, namespace, {"fieldValidation": "Strict"})

    def has_kind(self, manifest: Object) -> bool:
        return self._kind(manifest) is not None

    def wait_for_kind(self, api_version: str, kind: str, seconds: float = 30) -> None:
        """Waits until a CRD that was just created is served. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while True:
            self._kinds.pop(api_version, None)
            if self._kind({"apiVersion": api_version, "kind": kind}):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"{api_version} {kind} is not served after {seconds} s")
            time.sleep(0.1)

    def delete(self, manifest: Object, namespace: str = "default") -> Verdict:
        return self._ask("DELETE", manifest, namespace, f"/{manifest['metadata']['name']}")

    def _create(self, manifest: Object, namespace: str, query: Mapping[str, str], user: User | None = None) -> Verdict:
        return self._ask("POST", manifest, namespace, "", user, json=dict(manifest), params=dict(query))

    def _ask(self, method: str, manifest: Object, namespace: str, name: str, user: User | None = None, **options: Any) -> Verdict:
        kind = self._kind(manifest)
        if kind is None:
            return Verdict(404, f"the server has no {manifest.get('apiVersion')} {manifest.get('kind')}")
        root, _, plural = kind.path.rpartition("/")
        metadata = manifest.get("metadata")
        inside = metadata.get("namespace", namespace) if isinstance(metadata, Mapping) else namespace
        path = f"{root}/namespaces/{inside}/{plural}" if kind.namespaced else kind.path
        answer = self._request(method, path + name, headers=user.headers if user else None, **options)
        return Verdict(answer.status_code, str(answer.json().get("message", "")) if answer.status_code >= 300 else "")

    def _kind(self, manifest: Object) -> Kind | None:
        version = str(manifest.get("apiVersion"))
        if version not in self._kinds:
            root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
            answer = self._request("GET", root)
            listed = answer.json().get("resources", []) if answer.ok else []
            self._kinds[version] = {
                item["kind"]: Kind(f"{root}/{item['name']}", item["namespaced"]) for item in listed if "/" not in item["name"]
            }
        return self._kinds[version].get(str(manifest.get("kind")))

    @cached_property
    def _session(self) -> requests.Session:
        session = requests.Session()
        session.verify = str(self._folder / "server.crt")
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {self._token}"
        return session

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        return self._session.request(method, self._address + path, timeout=30, **options)

    def _start(self, program: str, *flags: str) -> None:
        with (self._folder / f"{program}.log").open("wb") as log:
            command = [str(self._binaries / program), *flags]
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder))

    def _api_server_flags(self, etcd: str) -> list[str]:
        (self._folder / "tokens.csv").write_text(f'{self._token},admin,admin,"system:masters"\n')
        certificate, key = self._folder / "server.crt", self._folder / "server.key"
        return [
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self._address.rpartition(':')[2]}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",  # there is no controller to make service accounts
        ]

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if any(process.poll() is not None for process in self._processes):
                break
            try:
                if self._request("GET", "/readyz").ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.2)
        raise RuntimeError(f"the API server is not ready after {READY_SECONDS} s:\n{self._log_end()}")

    def _log_end(self) -> str:
        logs = sorted(self._folder.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-1500:]}" for log in logs)

    def _stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def etcd_flags(folder: Path, clients: str, peers: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    ]


def write_identity(folder: Path) -> None:
    """A key and a certificate for 127.0.0.1 that signs itself, good for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.TraditionalOpenSSL
    encoded = key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    (folder / "server.key").write_bytes(encoded)
