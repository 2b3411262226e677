"""What a server needs before it starts: the limit of file descriptors, options that go together."""

import asyncio
import resource

import pytest

from asyncchat.config.options import ServeConfig
from asyncchat.errors import Misuse
from asyncchat.server.launch import RESERVED_FILES, launched, most_connections, raise_file_limit


def test_the_file_limit_is_raised_to_the_hard_one():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        assert most_connections() == min(256, before[1]) - RESERVED_FILES
        raise_file_limit()
        assert most_connections() == before[1] - RESERVED_FILES
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("options", [{"node": "one"}, {"cluster_name": "class"}, {"replicas": "3"}])
def test_a_server_that_only_lacks_its_cluster_is_refused(options):
    async def launch() -> None:
        async with launched(ServeConfig(port=0, db=":memory:", **options), 100):
            pass

    with pytest.raises(Misuse, match="are for a node of a cluster: add --cluster"):
        asyncio.run(launch())
