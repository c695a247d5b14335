"""People without their names: the same person gets the same code, and only who holds the key can make the code."""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from ml.errors import InputError

KEY = "DECISION_KEY"
KEY_FILE = "DECISION_KEY_FILE"
SHORTEST_KEY = 16


class Pseudonyms:
    """HMAC-SHA-256 of identifiers under a secret key (RFC 2104), cut to 32 hexadecimal digits."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            raise InputError(f"the key of the decision log has {len(key)} bytes", allowed=f"at least {SHORTEST_KEY} bytes")
        self._key = key

    def of_entity(self, entity: str) -> str:
        """Return the code of a person or customer."""
        return self._code("entity", entity)

    def of_decision(self, entity: str, moment: str) -> str:
        """Return the code of one decision about one person; outcomes that arrive later are joined by it."""
        return self._code("decision", entity, moment)

    def _code(self, *parts: str) -> str:
        text = "\x1f".join(parts)
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


def from_environment(environment: Mapping[str, str] | None = None) -> Pseudonyms | None:
    """Read the key from DECISION_KEY, or from the file that DECISION_KEY_FILE names; none if neither is set."""
    values = os.environ if environment is None else environment
    if values.get(KEY):
        return Pseudonyms(values[KEY].encode())
    if not values.get(KEY_FILE):
        return None
    path = Path(values[KEY_FILE])
    try:
        return Pseudonyms(path.read_bytes().strip())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=path, key=KEY_FILE) from None
