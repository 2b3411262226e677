import os
import shutil
import socket
import sys

import pytest

from asyncchat.bench.run import Settings, compare
from asyncchat.bench.scenario import Scenario
from asyncchat.bench.servers import PEERS, Own, Peer, Remote, peer_config
from asyncchat.errors import AsyncChatError
from tests.bench.stub import stub
from tests.server.harness import serving


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_s_configuration_is_filled_in(name):
    text = peer_config(name, 4321, "/some/folder", ())
    assert "4321" in text
    assert "@PORT@" not in text
    assert "@WEBSOCKET@" not in text
    assert "@FOLDER@" not in text
    assert "@MODULES@" not in text


def test_a_peer_gets_modules_for_capabilities_only():
    assert "<module" not in peer_config("inspircd", 1, "/f", ())
    text = peer_config("inspircd", 1, "/f", ("server-time", "echo-message"))
    assert "websocket" not in text
    assert 'port="2" type="clients" hook="websocket"' in peer_config("inspircd", 1, "/f", (), 2)
    assert '<module name="cap">' in text
    assert '<module name="ircv3_servertime">' in text
    assert '<module name="ircv3_echomessage">' in text


def test_a_peer_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    with pytest.raises(AsyncChatError, match="ngircd is not installed"), Peer("ngircd").running(None, ()):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_of_a_local_server_is_found():
    with stub() as server:
        url = f"irc://127.0.0.1:{server.port}"
        with Remote(url).running(None, ()) as running:
            assert running.pid == os.getpid()
            assert str(running.address) == url


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_is_not_there_is_said():
    with pytest.raises(AsyncChatError, match="there is no process 999999999"):
        Remote("irc://127.0.0.1:1", 999_999_999).running(None, ()).__enter__()


def test_a_server_that_does_not_start_says_why():
    with pytest.raises(AsyncChatError, match=r"did not start: .*no-such-option"):
        Own(("--no-such-option",)).running(None, ()).__enter__()


def test_a_peer_is_left_out_where_it_does_not_speak_what_is_spoken():
    scenario = Scenario("web", clients=4, senders=1, window=1, seconds=0.1, warmup=0.0, surface="websocket")
    with serving(limits=False) as server:
        first = Remote(f"irc://127.0.0.1:{server.port}")
        found = compare([[scenario]], [first, Peer("ngircd")], Settings(), runs=1, progress=lambda _: None)
    assert [series.server for series in found.comparisons[0].series] == [first.name]


def test_a_server_that_is_killed_has_its_history_afterwards():
    with Own().running(None, ()) as server:
        assert server.token().startswith("act_")
        assert server.restart is not None
        server.restart()
        with socket.create_connection((server.address.host, server.address.port), 30):
            pass


def test_nothing_is_kept_to_start_again_with_without_history():
    with Own(history=False).running(None, ()) as server:
        assert server.restart is None


def test_another_server_needs_a_token():
    with stub() as server:
        url = f"irc://127.0.0.1:{server.port}"
        with Remote(url).running(None, ()) as running, pytest.raises(AsyncChatError, match="--token"):
            running.token()
        with Remote(url, token="act_x").running(None, ()) as running:  # noqa: S106  # it is none
            assert running.token() == "act_x"
