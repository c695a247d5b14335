"""Checkov over everything it can read, in one process beside the gate."""

from mlctl.checks.checkov.answer import EnvironmentScan, ScanResult
from mlctl.checks.checkov.process import CheckovProcess

__all__ = ["CheckovProcess", "EnvironmentScan", "ScanResult"]
