"""Which SageMaker instances have disks of their own, encrypted in hardware, for which SageMaker refuses a key.

KmsKeyId in https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html. infra/serving/variant.py knows the
same; a test compares the two, since neither may import the other.
"""

from __future__ import annotations

import re

_LOCAL_DISK = re.compile(r"^ml\.(g4dn|g5|g5g|g6|g6e|gr6|p3dn|p4d|p4de|p5|p5e|p5en|trn1|trn1n|trn2|[a-z]+\d+[a-z]*d[a-z]*)\.")


def has_local_disk(instance_type: str) -> bool:
    """Whether a key is refused for it."""
    return _LOCAL_DISK.match(instance_type) is not None
