"""Changes that save money, each with its arithmetic and its risk."""

from mlctl.cost.advice.line import Advice, Evidence
from mlctl.cost.advice.report import advice, advice_table, advice_to_json, break_even

__all__ = ["Advice", "Evidence", "advice", "advice_table", "advice_to_json", "break_even"]
