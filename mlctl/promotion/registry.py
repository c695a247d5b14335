"""The MLflow registry over its REST API: versions, their artefact hashes, and aliases.

MLflow's own client imports for seconds and is not among the gate's dependencies. The API: https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from mlctl.errors import InputError
from mlctl.promotion.gate import Registered
from mlctl.promotion.service import Service, expect

_API = "/api/2.0/mlflow"
HASH_TAG, MODEL_HASH_TAG = "artefact_sha256", "model_sha256"


class MlflowRegistry:
    """A tracking server.

    Parameters
    ----------
    uri
        `http(s)://…`; credentials come from MLFLOW_TRACKING_TOKEN.

    Raises
    ------
    InputError
        The address is none of a server.
    """

    def __init__(self, uri: str, *, attempts: int = 3) -> None:
        if urlsplit(uri).scheme not in ("http", "https"):
            remedy = f"start one: mlflow server --backend-store-uri {uri}"
            raise InputError(
                f"{uri!r} is no address of an MLflow server", key="--tracking-uri", allowed="http://… or https://…", remedy=remedy
            )
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._service = Service(name="MLflow", base=uri.rstrip("/") + _API, headers=headers, attempts=attempts)

    def look_up(self, model: str, version: int) -> Registered:
        """What the registry says about a version.

        Raises
        ------
        ServiceError
            MLflow is down or answers nonsense.
        """
        answer = self._service.ask("GET", "/model-versions/get", query={"name": model, "version": str(version)}, accept=(404,))
        if answer.status == 404:
            return Registered(sha256=None, problem=f"version {version} of {model} is not registered")
        found = expect(self._service, (answer.body or {}).get("model_version"), dict, "model_version")
        tags = _tags(found)
        archived = found.get("current_stage") == "Archived" or tags.get("archived", "").lower() == "true"
        if archived:
            return Registered(sha256=tags.get(HASH_TAG), problem=f"version {version} is archived")
        if found.get("status") != "READY":
            return Registered(sha256=tags.get(HASH_TAG), problem=f"version {version} is {found.get('status')}, not READY")
        return Registered(sha256=tags.get(HASH_TAG), model_sha256=tags.get(MODEL_HASH_TAG))

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Point an alias to a version. Doing it twice does no harm."""
        body = {"name": model, "alias": alias, "version": str(version)}
        self._service.ask("POST", "/registered-models/alias", json=body, repeat=True)

    def alias(self, model: str, alias: str) -> int | None:
        """The version an alias points to."""
        query = {"name": model, "alias": alias}
        answer = self._service.ask("GET", "/registered-models/alias", query=query, accept=(400, 404))
        if answer.status >= 400:
            return None
        found = expect(self._service, (answer.body or {}).get("model_version"), dict, "model_version")
        return int(found["version"])

    def delete_alias(self, model: str, alias: str) -> None:
        """Remove an alias; one that is not there is no error."""
        self._service.ask("DELETE", "/registered-models/alias", json={"name": model, "alias": alias}, accept=(400, 404), repeat=True)

    def follow(self, model: str, environment: str, version: int, *, champion: bool) -> list[str]:
        """Bring the aliases in step with what is pinned: the environment's name, and `champion` for production; what was changed."""
        wanted = [environment, *(["champion"] if champion else [])]
        changed = [alias for alias in wanted if self.alias(model, alias) != version]
        for alias in changed:
            self.set_alias(model, alias, version)
        if champion and self.alias(model, "challenger") == version:
            self.delete_alias(model, "challenger")
            changed.append("challenger")
        return changed


def _tags(version: dict[str, Any]) -> dict[str, str]:
    return {str(tag.get("key")): str(tag.get("value")) for tag in version.get("tags") or [] if isinstance(tag, dict)}
