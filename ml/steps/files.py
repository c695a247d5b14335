"""The file each step writes last: a folder with it is complete."""

from __future__ import annotations

FEATURES = "features.json"  # as in ml.features.offline
SCREENING = "screening.json"
TRAINING = "training.json"
EVALUATION = "evaluation.json"
FAIRNESS = "fairness.json"
EXPLANATION = "explanation.json"
PACKAGE = "package.json"
DECISION = "decision.json"
REGISTRATION = "registration.json"
