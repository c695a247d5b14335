"""A local AWS: moto's server, for commands that run in processes of their own and for what moto cannot do inside this one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from moto.server import ThreadedMotoServer


@contextmanager
def moto() -> Iterator[str]:
    """Its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="module")
def moto_process() -> Iterator[str]:
    """Its address, the same for a whole file of tests."""
    with moto() as address:
        yield address


@pytest.fixture
def moto_server(moto_process: str) -> str:
    """The address of an AWS that holds nothing yet."""
    requests.post(f"{moto_process}/moto-api/reset", timeout=10).raise_for_status()
    return moto_process
