"""The servers of NATS that tests of the cluster use."""

import itertools

import pytest

from tests.cluster.nats import NatsCluster, NatsServer, running_nats

_names = itertools.count(1)


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory):
    """The URL of a server that all tests share: each with a stream of its own."""
    yield from running_nats(tmp_path_factory.mktemp("nats"))


@pytest.fixture
def name():
    """The name of a stream that no other test has."""
    return f"test-{next(_names)}"


@pytest.fixture
def server(tmp_path):
    """A server that a test may kill."""
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def cluster(tmp_path):
    """Three servers of which a test may kill one."""
    cluster = NatsCluster(tmp_path)
    cluster.start()
    yield cluster
    cluster.kill()
