"""The environment variables of a step."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.session import Session
from mlctl.workflow.model.command import Command
from mlctl.workflow.model.parameter import KeyRef, Raw, text_of

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.][A-Za-z0-9_.-]*)\)")
_KEPT_BACK = ("ARGO_TOKEN", "PYTHONSTARTUP")


def secret_variable(name: str, key: str) -> str:
    """The variable a Secret's key is read from: `db` and `password` give `DB_PASSWORD`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{name}_{key}").upper()


def environment_of(command: Command, pod: str, folder: Path, session: Session) -> dict[str, str]:
    """This process's variables, what every step gets, and what the template adds.

    Raises
    ------
    NodeError
        A variable comes from a ConfigMap or Secret that is not at hand.
    """
    env = {name: value for name, value in os.environ.items() if name not in _KEPT_BACK}
    paths = [str(session.options.project), env.get("PYTHONPATH", "")]
    env.update(
        PYTHONPATH=os.pathsep.join(path for path in paths if path),
        PYTHONUNBUFFERED="1",
        TMPDIR=str(folder / "tmp"),
        MLCTL_RUN=str(session.folder.resolve()),
        ARGO_CONTAINER_NAME="main",
        ARGO_NODE_ID=pod,
    )
    return {**env, **declared_of(command, pod, session)}


def declared_of(command: Command, pod: str, session: Session) -> dict[str, str]:
    """The variables the template itself sets; the only ones `$(NAME)` can mean."""
    declared: dict[str, str] = {}
    for source in command.env_from:
        declared.update(_all_of(source, session))
    for entry in command.env:
        value = _value(entry, pod, session)
        if value is not None:
            declared[entry["name"]] = expand(value, declared)
    return declared


def expand(text: str, env: dict[str, str]) -> str:
    """`text` with `$(NAME)` filled in and `$$` as `$`, as Kubernetes does in commands, arguments and variables.

    A name that is not known is left as it stands, so that a shell still sees its own `$(command)`.
    """
    return _REFERENCE.sub(lambda found: "$" if found[1] is None else env.get(found[1], found[0]), text)


def _all_of(source: Raw, session: Session) -> dict[str, str]:
    ref = source.get("configMapRef")
    if ref is None:
        return {}
    values = session.catalog.config_maps.get(ref.get("name", ""))
    if values is None and not ref.get("optional"):
        raise NodeError(f"ConfigMap `{ref.get('name')}` is not in the manifest's file or folder")
    prefix = source.get("prefix") or ""
    return {prefix + key: value for key, value in (values or {}).items()}


def _value(entry: Raw, pod: str, session: Session) -> str | None:
    source = entry.get("valueFrom")
    if source is None:
        return text_of(entry.get("value") if entry.get("value") is not None else "")
    if source.get("configMapKeyRef") is not None:
        key = KeyRef.read(source["configMapKeyRef"])
        value = session.catalog.setting(key.name, key.key)
        if value is None and not key.optional:
            raise NodeError(f"variable `{entry['name']}`: ConfigMap `{key.name}` has no key `{key.key}` here")
        return value
    if source.get("secretKeyRef") is not None:
        key = KeyRef.read(source["secretKeyRef"])
        variable = secret_variable(key.name, key.key)
        value = os.environ.get(variable)
        if value is None and not key.optional:
            raise NodeError(f"variable `{entry['name']}`: set {variable} for key `{key.key}` of Secret `{key.name}`")
        return value
    fields = {
        "metadata.name": pod,
        "metadata.uid": session.header.uid,
        "metadata.namespace": str(session.globals.get("workflow.namespace")),
        "spec.serviceAccountName": str(session.globals.get("workflow.serviceAccountName")),
    }
    return fields.get((source.get("fieldRef") or {}).get("fieldPath", ""))
