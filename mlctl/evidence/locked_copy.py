"""The copy of the log in S3 whose objects nobody can change: one object per record, under the bucket's object lock.

Keys are `evidence/<model>/<sequence>-<hash>.json`. What was copied once stays for as long as the bucket retains it, so a chain that is
rewritten later, heads and all, no longer agrees with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlctl.errors import ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Record

PREFIX = "evidence/"


class LockedCopy:
    """A bucket with object lock.

    Parameters
    ----------
    s3
        boto3's client.
    """

    def __init__(self, bucket: str, s3: Any) -> None:
        self._bucket, self._s3 = bucket, s3

    def copy(self, log: EvidenceLog) -> int:
        """Copy what is not there yet; how many records were copied. Repeating it does no harm.

        Raises
        ------
        ServiceError
            S3 failed, or the bucket locks nothing.
        """
        self._check_lock()
        present, copied = {key for keys in self._keys().values() for key in keys}, 0
        for record in log.records():
            key = _key(record)
            if key not in present:
                self._ask(
                    "put_object",
                    Bucket=self._bucket,
                    Key=key,
                    Body=record.line().encode(),
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",
                )
                copied += 1
        return copied

    def compare(self, log: EvidenceLog) -> list[str]:
        """What of the copy is missing from the log or differs in it, one line each."""
        here = {_key(record) for record in log.records()}
        problems = []
        for model, keys in sorted(self._keys().items()):
            for key in sorted(keys - here):
                sequence = int(key.rpartition("/")[2].partition("-")[0])
                problems.append(
                    f"{model}: record {sequence} of the locked copy is not in the log, or was changed: s3://{self._bucket}/{key}"
                )
        return problems

    def _keys(self) -> dict[str, set[str]]:
        """Model → keys of its records."""
        keys: dict[str, set[str]] = {}
        for item in self._objects():
            parts = str(item["Key"]).split("/")
            if len(parts) == 3 and parts[2].partition("-")[0].isdigit():
                keys.setdefault(parts[1], set()).add(str(item["Key"]))
        return keys

    def _objects(self) -> Iterator[dict[str, Any]]:
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": PREFIX}
        while True:
            page = self._ask("list_objects_v2", **arguments)
            yield from page.get("Contents", [])
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def _check_lock(self) -> None:
        configuration = self._ask("get_object_lock_configuration", Bucket=self._bucket)["ObjectLockConfiguration"]
        if not configuration.get("Rule", {}).get("DefaultRetention"):
            raise ServiceError(f"bucket {self._bucket} locks nothing", remedy="use the audit bucket of the registries stack")

    def _ask(self, call: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._s3, call)(**arguments)
        except (BotoCoreError, ClientError) as error:
            raise ServiceError(f"S3 {call} on {self._bucket}: {error}", remedy="try again; what was copied stays") from None
        return answer


def _key(record: Record) -> str:
    return f"{PREFIX}{record.model}/{record.sequence:08d}-{record.hash}.json"
