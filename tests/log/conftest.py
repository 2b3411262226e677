"""Where the tests of the logs keep their files."""

from pathlib import Path

import pytest

from tests.cluster.nats import running_nats


@pytest.fixture
def path(tmp_path):
    return Path(tmp_path, "state", "chat.db")


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory):
    """The URL of a server of NATS for all tests of logs."""
    yield from running_nats(tmp_path_factory.mktemp("nats"))


@pytest.fixture(params=("memory", "sqlite", "sqlite, hasty", "sqlite, power", "jetstream"))
def kind(request):
    """The log; for one in JetStream, the URL of its server."""
    return request.getfixturevalue("nats_url") if request.param == "jetstream" else request.param
