"""What a pod mounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.engine.node.api import Api, Config, Object
from tests.engine.node.variables import ROOT, Variables

TOKEN_SECONDS = 3600
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class Volumes:
    """Of one pod, in a folder of its own; claimed ones in a folder of all pods of the namespace."""

    def __init__(self, pod: Object, folder: Path, variables: Variables, config: Config, api: Api) -> None:
        self._pod, self._folder, self._variables, self._config, self._api = pod, folder, variables, config, api
        self._namespace = str(pod["metadata"]["namespace"])
        self._made: dict[str, Path] = {}

    def mounts(self, definition: Object) -> list[Object]:
        """What a container of the pod finds where; the places are made by the container."""
        return [*self._given(), *(self._mount(item) for item in definition.get("volumeMounts", []))]

    def _mount(self, item: Object) -> Object:
        source = self._folder_of(item["name"])
        if below := item.get("subPath"):
            source = source / str(below)
            if not source.exists():
                source.mkdir(parents=True)
                source.chmod(0o777)
        return {"source": str(source), "target": item["mountPath"], "read_only": item.get("readOnly", False)}

    def _folder_of(self, name: str) -> Path:
        if name not in self._made:
            self._made[name] = self._volume(next(item for item in self._pod["spec"]["volumes"] if item["name"] == name))
        return self._made[name]

    def _given(self) -> Iterator[Object]:
        """The service account's, which an admission controller would add, and what images hold."""
        yield {"source": self._config.argoexec, "target": "/bin/argoexec", "read_only": True}
        if ROOT.is_relative_to("/tmp"):
            yield {"source": str(ROOT), "target": str(ROOT), "read_only": True}
        if self._pod["spec"].get("automountServiceAccountToken") is not False:
            account = self._folder / "account"
            if not account.exists():
                self._write_account(account)
            yield {"source": str(account), "target": ACCOUNT, "read_only": True}

    def _volume(self, volume: Object) -> Path:
        """The folder that holds it."""
        if claim := volume.get("persistentVolumeClaim"):
            claimed = Path(self._config.folder) / "claims" / self._namespace / str(claim["claimName"])
            claimed.mkdir(parents=True, exist_ok=True)
            return claimed
        folder = self._folder / "volumes" / str(volume["name"])
        folder.mkdir(parents=True)
        folder.chmod(0o777)
        if "emptyDir" in volume:
            return folder
        sources = volume["projected"]["sources"] if "projected" in volume else [volume]
        for source in sources:
            self._fill(folder, source)
        return folder

    def _fill(self, folder: Path, source: Object) -> None:
        if "serviceAccountToken" in source:
            token = source["serviceAccountToken"]
            (folder / token["path"]).write_text(self._new_token(token.get("audience")))
        elif "downwardAPI" in source:
            for item in source["downwardAPI"]["items"]:
                write(folder / item["path"], self._variables.field(item["fieldRef"]["fieldPath"]).encode(), item.get("mode"))
        elif "configMap" in source or "secret" in source:
            kind = "configMap" if "configMap" in source else "secret"
            wanted = source[kind]
            name = wanted.get("name") or wanted.get("secretName")
            data = self._variables.data(kind, name, optional=wanted.get("optional", False))
            items = wanted.get("items") or [{"key": key, "path": key} for key in data]
            for item in items:
                write(folder / item["path"], data[item["key"]], item.get("mode", wanted.get("defaultMode")))
        else:
            raise ValueError(f"this node has no volume {sorted(source)}")

    def _write_account(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "token").write_text(self._new_token())
        (folder / "ca.crt").write_text(Path(self._config.authority).read_text())
        (folder / "namespace").write_text(self._namespace)

    def _new_token(self, audience: str | None = None) -> str:
        account = self._pod["spec"].get("serviceAccountName") or "default"
        request: Object = {"expirationSeconds": TOKEN_SECONDS} | ({"audiences": [audience]} if audience else {})
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": request}
        answer = self._api.call("POST", f"/api/v1/namespaces/{self._namespace}/serviceaccounts/{account}/token", json=body)
        answer.raise_for_status()
        return str(answer.json()["status"]["token"])


def write(path: Path, content: bytes, mode: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o644 if mode is None else mode)
