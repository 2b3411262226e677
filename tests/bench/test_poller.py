import socket
import time

import pytest

from asyncchat.bench import poller


@pytest.mark.parametrize("make", [poller.make_poller, poller.SelectorPoller])
def test_news_of_a_socket_come_and_a_time_is_kept(make):
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        found = make()
        found.add(ours.fileno())
        found.wait(0)  # epoll tells first that it may be written to
        theirs.send(b"x")
        assert [fd for fd, mask in found.wait(10) if mask & poller.READ] == [ours.fileno()]
        ours.recv(10)
        at = time.monotonic() + 0.002
        assert found.wait_until(at) == []
        assert time.monotonic() >= at - 0.001
        theirs.send(b"x")
        assert [fd for fd, _ in found.wait_until(time.monotonic() + 10)] == [ours.fileno()]
        found.remove(ours.fileno())
        assert found.wait(0) == []
        found.close()
