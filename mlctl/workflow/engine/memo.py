"""Remembers the outputs of successful templates between runs (`memoize`)."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path

from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.execute import KIND_OF, Work, publish_globals
from mlctl.workflow.engine.node import Node, Outputs, Phase
from mlctl.workflow.engine.outputs import copy_over
from mlctl.workflow.engine.session import Session
from mlctl.workflow.model.artifact import ArtifactFile
from mlctl.workflow.model.template import Memo


def _place(memo: Memo, session: Session) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9]*", memo.key):
        raise NodeError(f"memoize: the key `{memo.key}` must be letters, digits and `-`")
    cache = re.sub(r"[^A-Za-z0-9.-]", "_", memo.cache)
    return session.memory / cache / hashlib.sha256(memo.key.encode()).hexdigest()[:32]


def remembered(work: Work, session: Session) -> Node | None:
    """A node with the outputs of an earlier success that is not too old; None where there is none."""
    memo, place = work.template.memo, work.place
    assert memo is not None
    folder = _place(memo, session)
    try:
        record = json.loads((folder / "outputs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if memo.max_age is not None and time.time() - record["at"] > memo.max_age:
        return None
    node = session.recorder.open(place.name, place.display, KIND_OF[work.template.kind], work.template.name, place.parent)
    if session.recorder.recall(node):
        return node
    node.outputs = Outputs.from_json(record["outputs"])
    for name, file in list(node.outputs.artifacts.items()):
        target = session.step_folder(node) / "artifacts" / name
        copy_over(folder / file.path, target)
        node.outputs.artifacts[name] = ArtifactFile(target.relative_to(session.folder))
    session.recorder.close(node, Phase.SUCCEEDED, "from the cache")
    publish_globals(node, work.template, session)
    return node


def remember(node: Node, memo: Memo, session: Session) -> None:
    """Keep a success; the record is put in place last, so that a killed runner leaves none or a whole one."""
    if node.message == "from the cache":
        return
    folder = _place(memo, session)
    folder.mkdir(parents=True, exist_ok=True)
    kept = Outputs(dict(node.outputs.parameters), {}, node.outputs.result, node.outputs.exit_code)
    for name, file in node.outputs.artifacts.items():
        version = Path(f"{name}-{session.header.uid}")
        copy_over(session.folder / file.path, folder / version)
        kept.artifacts[name] = ArtifactFile(version)
    half = folder / f"outputs-{session.header.uid}.tmp"
    half.write_text(json.dumps({"at": time.time(), "outputs": kept.as_json()}), encoding="utf-8")
    half.replace(folder / "outputs.json")
