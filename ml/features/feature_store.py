"""The online store in the cloud: the same features by the same key, in SageMaker Feature Store.

The group is made from the same definitions (`ml.features.groups`). A record holds a value per feature as text; a feature without a value is
left out, and comes back as null. The client (boto3's `sagemaker-featurestore-runtime`) is handed in: this package imports no cloud.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Feature_Store_Runtime.html
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from ml.errors import ServiceError
from ml.features.compute import is_category
from ml.spec import ModelSpec

MOST_KEYS = 100
"""Of one question; the service's own limit."""
ATTEMPTS = 4
"""How often keys are asked for that the service left unprocessed."""
AT_ONCE = 8

Record = list[dict[str, str]]


class FeatureStore:
    """The feature group of one model.

    Parameters
    ----------
    client
        boto3's client; safe to use from several threads.
    """

    def __init__(self, spec: ModelSpec, client: Any) -> None:
        self._spec, self._client = spec, client

    def write(self, features: pd.DataFrame, as_of: pd.Timestamp) -> int:
        """Put one record per row; return how many. An older record of an entity is replaced, a newer one stays.

        Parameters
        ----------
        features
            The features by entity key, as `OnlineStore` gives them.
        as_of
            When they were true.

        Raises
        ------
        ServiceError
            The service refused or failed. Records written before stay; writing them again changes nothing.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return sum(pool.map(self._put, records(self._spec, features, as_of)))

    def lookup(self, keys: Sequence[str]) -> pd.DataFrame:
        """Return the features of these entities, in their order; an unknown one has nulls.

        Raises
        ------
        ServiceError
            The service refused or failed.
        """
        asked = list(dict.fromkeys(keys))
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(asked), MOST_KEYS):
            found |= self._get(asked[first : first + MOST_KEYS])
        missing = {name: None if is_category(self._spec, name) else math.nan for name in self._spec.features}
        rows = [[found.get(key, missing)[name] for name in self._spec.features] for key in keys]
        return pd.DataFrame(rows, index=pd.Index(keys, name="entity"), columns=pd.Index(list(self._spec.features)))

    def _put(self, record: Record) -> int:
        self._ask(self._client.put_record, FeatureGroupName=self._spec.name, Record=record, TargetStores=["OnlineStore"])
        return 1

    def _get(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for _ in range(ATTEMPTS):
            group = {"FeatureGroupName": self._spec.name, "RecordIdentifiersValueAsString": keys}
            answer = self._ask(self._client.batch_get_record, Identifiers=[group])
            for error in answer["Errors"]:
                raise ServiceError(f"the feature group {self._spec.name} does not give its records: {error['ErrorMessage']}")
            for record in answer["Records"]:
                found[record["RecordIdentifierValueAsString"]] = self._values(record["Record"])
            keys = [key for left in answer["UnprocessedIdentifiers"] for key in left["RecordIdentifiersValueAsString"]]
            if not keys:
                return found
        raise ServiceError(f"the feature group {self._spec.name} left {len(keys)} keys unanswered", remedy="try again")

    def _values(self, record: Record) -> dict[str, Any]:
        given = {item["FeatureName"]: item["ValueAsString"] for item in record}
        return {
            name: given.get(name) if is_category(self._spec, name) else float(given.get(name, math.nan)) for name in self._spec.features
        }

    def _ask(self, operation: Any, **given: Any) -> Any:
        try:
            return operation(**given)
        except Exception as error:  # what boto3 raises is made when it is used
            remedy = "look at the role, and whether the registries stack made the group (registries.feature_store)"
            raise ServiceError(f"the feature group {self._spec.name}: {error}", remedy=remedy) from error


def records(spec: ModelSpec, features: pd.DataFrame, as_of: pd.Timestamp) -> Iterator[Record]:
    """Give a record of each row, as the group's definition names and types it. The service takes times to the millisecond."""
    moment = as_of.tz_convert("UTC").floor("ms").isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for entity, *values in features[list(spec.features)].itertuples(name=None):
        record = [{"FeatureName": spec.entity, "ValueAsString": str(entity)}, {"FeatureName": spec.timestamp, "ValueAsString": moment}]
        for name, value in zip(spec.features, values, strict=True):
            if not pd.isna(value):
                record.append({"FeatureName": name, "ValueAsString": str(value) if is_category(spec, name) else repr(float(value))})
        yield record
