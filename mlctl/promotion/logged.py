"""Scores, decisions and groups out of what KServe's logger keeps in S3 of a model on the cluster: `<id>-request.json` and
`<id>-response.json` below `<namespace>/<service>/predictor/`, each a JSON array, the second for answers with status 200 only
(pkg/logger of KServe 0.16).

There is no time in the name and no folder per hour, so every look lists the whole folder, and goes by when S3 received the answer. The name
begins with a random UUID, unless a caller sets one of its own (`Ce-Id`): where there is too much to look through, only the names that begin
with `0` are read, or `00`, or `000`. That is the same share of both versions, so they stay comparable. Only figures leave this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlctl.promotion.aws import ask
from mlctl.promotion.canary import Arm
from mlctl.promotion.captured import Records
from mlctl.promotion.counting import Count
from mlctl.promotion.exchange import read_logged
from mlctl.promotion.watched import groups_of

_REQUEST, _RESPONSE = "-request.json", "-response.json"
_LISTED = 20_000
"""Names of a version that one look goes through."""
_READ = 1_000
"""Exchanges of a version that one look reads."""
_SHARES = ("", "0", "00", "000")


class Logged:
    """The exchanges of both versions since a moment, counted as they come.

    Parameters
    ----------
    folders
        Version → where its exchanges lie, without a slash at the end.
    """

    def __init__(self, records: Records, since: datetime, bucket: str, folders: Mapping[str, str]) -> None:
        self._records, self._since, self._bucket, self._folders = records, since.replace(microsecond=0), bucket, dict(folders)
        self._share = 0
        self._begin()

    def arms(self) -> Mapping[str, Arm]:
        """What was counted until now, of each version; nothing where even the smallest share is too much.

        Raises
        ------
        ServiceError
            S3 failed.
        """
        while (new := self._new()) is None:
            if self._share == len(_SHARES) - 1:
                return {name: Arm() for name in self._folders}
            self._share += 1
            self._begin()
        for name, identifiers in new.items():
            for identifier in identifiers:
                self._read(name, identifier)
        return {name: total.arm() for name, total in self._totals.items()}

    def _begin(self) -> None:
        self._seen: dict[str, set[str]] = {name: set() for name in self._folders}
        self._totals = {name: Count() for name in self._folders}

    def _new(self) -> dict[str, list[str]] | None:
        """Identifiers not read yet, of each version; None where there are too many."""
        found = {}
        for name, folder in self._folders.items():
            listed = self._list(f"{folder}/")
            answered = {key.removesuffix(_RESPONSE) for key, moment in listed.items() if key.endswith(_RESPONSE) and moment >= self._since}
            found[name] = [item for item in sorted(answered - self._seen[name]) if item + _REQUEST in listed]
            if len(listed) > _LISTED or len(found[name]) > _READ:
                return None
        return found

    def _list(self, folder: str) -> dict[str, datetime]:
        """Key → when S3 received it, of the share that is read."""
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": folder + _SHARES[self._share]}
        found: dict[str, datetime] = {}
        while len(found) <= _LISTED:
            page = ask(f"s3://{self._bucket}", self._records.s3.list_objects_v2, **arguments)
            found |= {item["Key"]: item["LastModified"] for item in page.get("Contents", [])}
            if not page.get("IsTruncated"):
                break
            arguments["ContinuationToken"] = page["NextContinuationToken"]
        return found

    def _read(self, name: str, identifier: str) -> None:
        asked, answered = (self._content(identifier + end) for end in (_REQUEST, _RESPONSE))
        self._seen[name].add(identifier)
        for answer, row in read_logged(asked, answered):
            self._totals[name].read(answer, groups_of(row, self._records.watched), self._records.favourable)

    def _content(self, key: str) -> bytes:
        answer = ask(f"s3://{self._bucket}/{key}", self._records.s3.get_object, Bucket=self._bucket, Key=key)
        content: bytes = answer["Body"].read()
        return content
