"""Checkov over everything it can read, in one process beside the gate."""

from mlctl.checks.checkov.answer import EnvironmentScan
from mlctl.checks.checkov.process import Scan, ScanResult, start_scan

__all__ = ["EnvironmentScan", "Scan", "ScanResult", "start_scan"]
