"""A registered version as MLflow keeps it in S3: its files, checked against the evidence, and packed as SageMaker and KServe take them.

MLflow's server (infra/platform/mlflow.py) puts the files of a run below `artifacts/<experiment>/<run>/artifacts/`; ml/registry registers
the folder `model` there, with the MLflow model at its top and the list `sha256.json` of all files. The run and what the files must be stand
in the evidence, so no MLflow server has to be reached.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlctl.errors import BlockedError
from mlctl.evidence.record import Record
from mlctl.promotion.artefact_copy import Place
from mlctl.promotion.aws import ask
from mlctl.promotion.history import latest

_ROOT, _FOLDER, _LIST = "artifacts/", "artifacts/model/", "sha256.json"
_ONNX = "model.onnx"
_NOT_SERVED = ("bundle/", "evidence/")
_AGAIN = "register the model again"


def packed_model(store: Place, records: Sequence[Record], version: int) -> bytes:
    """`model.tar.gz` of a version, the same bytes every time.

    Raises
    ------
    BlockedError
        The evidence names no run or no hash, the run has no such files, or a file is not the one that the evidence is about.
    ServiceError
        S3 failed.
    """
    training, artefact = latest(records, "training", version), latest(records, "artefact", version)
    run = training.details.get("run_id") if training else None
    if not run or artefact is None:
        raise BlockedError(
            f"the evidence names no run of version {version}", remedy="put its model.tar.gz there by hand, or train it again"
        )
    files = _stored(store, str(run))
    if not files:
        raise BlockedError(f"s3://{store.bucket} holds no registered model of run {run}", remedy=_AGAIN)
    _check(files, artefact.details, str(run))
    return _pack({name: content for name, content in files.items() if not name.startswith(_NOT_SERVED)})


def _stored(store: Place, run: str) -> dict[str, bytes]:
    """Name below the registered folder → content; in whichever experiment the run is."""
    for experiment in _pages(store, "CommonPrefixes", "Prefix", Prefix=_ROOT, Delimiter="/"):
        prefix = f"{experiment}{run}/{_FOLDER}"
        keys = list(_pages(store, "Contents", "Key", Prefix=prefix))
        if keys:
            return {key.removeprefix(prefix): _content(store, key) for key in keys}
    return {}


def _pages(store: Place, found: str, name: str, **arguments: Any) -> Iterator[str]:
    while True:
        page = ask(f"s3://{store.bucket}", store.s3.list_objects_v2, Bucket=store.bucket, **arguments)
        yield from (item[name] for item in page.get(found, []))
        if not page.get("IsTruncated"):
            return
        arguments["ContinuationToken"] = page["NextContinuationToken"]


def _content(store: Place, key: str) -> bytes:
    answer = ask(f"s3://{store.bucket}/{key}", store.s3.get_object, Bucket=store.bucket, Key=key)
    content: bytes = answer["Body"].read()
    return content


def _check(files: Mapping[str, bytes], evidence: Mapping[str, Any], run: str) -> None:
    """Every file against the list; the list, or where the evidence has no `sha256` of it the served ONNX model, against the evidence."""
    try:
        listed = json.loads(files.get(_LIST, b""))
    except ValueError:
        listed = None
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != _LIST}
    if not isinstance(listed, dict) or listed != found:
        wrong = sorted(set(found.items()) ^ set(listed.items()))[0][0] if isinstance(listed, dict) else _LIST
        raise BlockedError(f"{wrong} of run {run} is not the registered one", remedy=_AGAIN)
    if evidence.get("sha256") is not None:
        holds = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest() == evidence["sha256"]
    else:
        served = [digest for name, digest in found.items() if name.rpartition("/")[2] == _ONNX and not name.startswith(_NOT_SERVED)]
        holds = served == [evidence.get("onnx_sha256")]
    if not holds:
        raise BlockedError(f"the files of run {run} are not those that the evidence is about: tampered", remedy=_AGAIN)


def _pack(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return packed.getvalue()
