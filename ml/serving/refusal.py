"""Errors in the form MLflow's scoring server turns into an HTTP status."""

from __future__ import annotations

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, TEMPORARILY_UNAVAILABLE


class PlainError(MlflowException):
    """An error whose message stays what it is.

    The server puts the whole request in front of a model's message, and so into its answer and its log; requests hold personal data.
    """

    @property
    def message(self) -> str:
        """What is wrong."""
        return self._text

    @message.setter
    def message(self, text: str) -> None:
        if not hasattr(self, "_text"):
            self._text = text


def refusal(text: str) -> PlainError:
    """Return the error for a request that cannot be answered: status 400."""
    return PlainError(text, error_code=BAD_REQUEST)


def unavailable(text: str) -> PlainError:
    """Return the error for a service that cannot answer now: status 503."""
    return PlainError(text, error_code=TEMPORARILY_UNAVAILABLE)
