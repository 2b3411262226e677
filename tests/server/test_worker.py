"""A worker, as its process knows it."""

import os
import socket

import msgspec

from asyncchat.server.addresses import Address
from asyncchat.server.worker import VARIABLE, Place, Worker


def test_a_process_is_a_worker_if_it_was_told_so(monkeypatch, tmp_path):
    assert Worker.of_environment() is None
    listener = socket.create_server(("127.0.0.1", 0))
    address = Address(*listener.getsockname())
    number = listener.detach()
    source, sink = os.pipe()
    place = Place("worker-2", str(tmp_path / "chat.db"), [(address, [number])], sink, False)
    monkeypatch.setenv(VARIABLE, msgspec.json.encode(place).decode())
    worker = Worker.of_environment()
    assert worker is not None
    assert VARIABLE not in os.environ  # no process that it starts is one
    ((where, [inherited]),) = worker.sockets
    with inherited, open(source) as told:
        assert (where, where.port) == (address, inherited.getsockname()[1])
        assert not inherited.get_inheritable()
        worker.announce("Listening\n")
        assert told.read() == "Listening\n"


def test_who_started_it_may_be_gone(tmp_path):
    source, sink = os.pipe()
    worker = Worker(Place("worker-2", str(tmp_path / "chat.db"), [], sink, False))
    os.close(source)
    worker.announce("Listening\n")
