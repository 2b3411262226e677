"""Nodes of one cluster, each with a loop of its own in a thread."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import node
from tests.cluster.conftest import name, nats_url  # noqa: F401  # fixtures
from tests.server.harness import PATIENCE, serving


class Nodes:
    """The nodes of a test; the first one is the hub."""

    def __init__(self, url, stream, folder, stack):
        self._options = {"cluster": url, "cluster_name": stream}
        self._folder = folder
        self._stack = stack
        self.all = []

    def add(self, log=None, **options):
        """One more node."""
        node = self._stack.enter_context(self.serving(log, **options))
        self.all.append(node)
        return node

    def add_at_once(self, count):
        """So many more nodes, which come at the same moment."""
        coming = []
        for _ in range(count):
            coming.append(self.serving())
            self.all.append(None)
        with ThreadPoolExecutor(count) as pool:
            self.all[-count:] = pool.map(self._stack.enter_context, coming)
        return self.all[-count:]

    def serving(self, log=None, **options):
        """A further node as a context, which raises why it could not go on."""
        number = len(self.all) + 1
        return serving(
            log or MemoryLog(),
            database=self._folder / f"n{number}.db",
            node=f"n{number}",
            **self._options | options,
        )


@pytest.fixture
def nodes(nats_url, name, tmp_path):  # noqa: F811
    with ExitStack() as stack:
        yield Nodes(nats_url, name, tmp_path, stack)


@pytest.fixture
def behind(monkeypatch):
    """Has a node hear nothing of what is decided until it is released; nobody is told that it does not."""
    monkeypatch.setattr(node, "READ_ONLY_AFTER", PATIENCE)

    @contextmanager
    def hears_nothing(one):
        standing = one.server.node._standing
        one.wait(standing.acquire())
        try:
            yield
        finally:
            one.call(standing.release)

    return hears_nothing
