"""Explanation: contributions, reason codes in plain words and the model card."""
