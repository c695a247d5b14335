"""What every part of an environment file has in common: frozen, no unknown keys, and the value types that several parts share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Section(BaseModel):
    """A mapping in an environment file."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, use_attribute_docstrings=True)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$")]
"""Lower case letters, digits and hyphens: it becomes part of DNS names, IAM names and Kubernetes names."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$")]
Cron = Annotated[str, StringConstraints(pattern=r"^(\S+\s+){4}\S+$")]
"""Five fields: minute, hour, day of month, month, day of week; UTC where no time zone stands beside it."""
Minutes = Annotated[int, Field(ge=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Usd = Annotated[Decimal, Field(ge=0, allow_inf_nan=False, max_digits=14, decimal_places=4)]
"""US dollars."""
LogRetentionDays = Annotated[
    int,
    Field(
        json_schema_extra={
            "enum": [
                1,
                3,
                5,
                7,
                14,
                30,
                60,
                90,
                120,
                150,
                180,
                365,
                400,
                545,
                731,
                1096,
                1827,
                2192,
                2557,
                2922,
                3288,
                3653,
            ]
        }
    ),
]
