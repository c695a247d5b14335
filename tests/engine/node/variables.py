"""What a pod's fields, ConfigMaps and Secrets say, and the variables that containers get of them."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.engine.node.api import Api, Config, Object

ROOT = Path(__file__).parents[3]


class Variables:
    """Of one pod."""

    def __init__(self, pod: Object, config: Config, api: Api) -> None:
        self._pod, self._config, self._api = pod, config, api
        self._namespace = str(pod["metadata"]["namespace"])

    def of(self, definition: Object) -> dict[str, str]:
        server, _, port = self._config.server.removeprefix("https://").partition(":")
        found = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": "/",
            "HOSTNAME": self._pod["metadata"]["name"],
            "KUBERNETES_SERVICE_HOST": server,
            "KUBERNETES_SERVICE_PORT": port,
            **self._config.environment,
        }
        for source in definition.get("envFrom", []):
            for kind in ("configMap", "secret"):
                if reference := source.get(f"{kind}Ref"):
                    data = self.data(kind, reference["name"], optional=reference.get("optional", False))
                    found |= {source.get("prefix", "") + key: value.decode() for key, value in data.items()}
        for item in definition.get("env", []):
            if (value := self._variable(item, found)) is not None:
                found[item["name"]] = value
        return found

    def _variable(self, item: Object, known: Mapping[str, str]) -> str | None:
        source = item.get("valueFrom")
        if not source:
            return expanded(item.get("value", ""), known)
        if "fieldRef" in source:
            return self.field(source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return "1"
        kind = "configMap" if "configMapKeyRef" in source else "secret"
        reference = source[f"{kind}KeyRef"]
        optional = reference.get("optional", False)
        data = self.data(kind, reference["name"], optional=optional)
        if reference["key"] not in data and not optional:
            raise KeyError(f"{kind} {reference['name']} has no {reference['key']}")
        return data[reference["key"]].decode() if reference["key"] in data else None

    def field(self, path: str) -> str:
        if found := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
            return str(self._pod["metadata"].get(found[1], {}).get(found[2], ""))
        if path in {"metadata.labels", "metadata.annotations"}:
            items = self._pod["metadata"].get(path.partition(".")[2], {})
            return "\n".join(f"{key}={json.dumps(value)}" for key, value in sorted(items.items()))
        known = {"status.podIP": "127.0.0.1", "status.hostIP": "127.0.0.1", "spec.nodeName": self._config.node}
        if path in known:
            return known[path]
        value: Any = self._pod
        for part in path.split("."):
            value = value[part]
        return str(value)

    def data(self, kind: str, name: str, *, optional: bool) -> dict[str, bytes]:
        plural = {"configMap": "configmaps", "secret": "secrets"}[kind]
        found = self._api.get(f"/api/v1/namespaces/{self._pod['metadata']['namespace']}/{plural}/{name}")
        if found is None:
            if optional:
                return {}
            raise KeyError(f"there is no {kind} {name}")
        if kind == "secret":
            return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
        texts = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return texts | {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` as Kubernetes expands it: `$$` is a dollar sign, and a name that is not known stays as it is."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return variables.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)
