"""The limit of file descriptors."""

import resource

from asyncchat.server.launch import RESERVED_FILES, most_connections, raise_file_limit


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
