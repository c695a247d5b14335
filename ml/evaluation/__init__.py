"""Evaluation: metrics with intervals, gates, segments, calibration and the champion."""
