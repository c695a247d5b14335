"""The steps of the machine-learning pipeline. Each reads folders and writes a folder, so each can be its own pod.

Every step returns a plain dictionary, and writes the same as JSON as its last act: a folder with that file is complete.
A step that finds something bad writes its verdict; only `screen` and `train` refuse by raising, since nothing may be
trained on a prohibited basis, and `promote`, since nothing may serve that `decide` refused.
"""

from ml.steps.judge import check_fairness, decide, evaluate, explain
from ml.steps.prepare import build_features, ingest, screen, train
from ml.steps.release import fetch_champion, package, promote, register, rollback

__all__ = [
    "build_features",
    "check_fairness",
    "decide",
    "evaluate",
    "explain",
    "fetch_champion",
    "ingest",
    "package",
    "promote",
    "register",
    "rollback",
    "screen",
    "train",
]
