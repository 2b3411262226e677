"""A room followed over lines that break, and over a server that forgets: each message once, or a gap."""

import socket
from itertools import chain, islice, repeat
from threading import Thread

import pytest

from asyncchat.client.address import Address
from asyncchat.client.errors import TimedOut, Unreachable
from asyncchat.client.follower import GAP, follow
from asyncchat.client.http_api import ApiError, HttpApi
from tests.faulty_line import faulty_line
from tests.server.harness import serving

MESSAGES = 80


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def api(port: int) -> HttpApi:
    return HttpApi(Address("irc", "127.0.0.1", port))


def no_pause(_seconds: float) -> None:
    """Reconnects at once."""


@pytest.mark.parametrize("seed", range(3))
def test_each_message_comes_once_over_a_line_that_breaks(server, seed):
    direct = api(server.port)
    first = direct.post("#ci", "first", "gus")["id"]
    said = [str(number) for number in range(MESSAGES)]
    speaker = Thread(target=lambda: [direct.post("#ci", text, "gus") for text in said])
    with faulty_line(server.port, seed) as line:
        line.break_often(5)
        heard = follow(api(line.port), "#ci", first, sleep=no_pause)
        speaker.start()
        assert [message["text"] for message in islice(heard, MESSAGES)] == said
        heard.close()  # type: ignore[attr-defined]  # it is a generator
    speaker.join()


def test_what_an_empty_room_says_first_is_not_missed(server):
    server.irc("anna")
    heard = follow(api(server.port), "#lobby", "")
    direct = api(server.port)
    ids = [direct.post("#lobby", "one", "gus")["id"]]
    found = [next(heard)["id"]]
    ids += [direct.post("#lobby", text, "gus")["id"] for text in ("two", "three")]
    found += [next(heard)["id"] for _ in range(2)]
    assert found == ids


def test_a_server_that_forgot_is_a_gap(server):
    first = api(server.port).post("#lobby", "before", "gus")["id"]
    with serving(limits=False) as other, faulty_line(server.port, 1, ("as it is",)) as line:
        breaks: list[str] = []
        heard = follow(
            api(line.port), "#lobby", first, sleep=no_pause, on_break=lambda error: breaks.append(str(error))
        )
        api(server.port).post("#lobby", "live", "gus")
        assert next(heard)["text"] == "live"
        api(other.port).post("#lobby", "new", "gus")
        line._target = other.port
        server.stop()
        assert next(heard) == {"kind": GAP, "room": "#lobby"}
        assert next(heard)["text"] == "new"
        assert breaks[0] == f"The connection to 127.0.0.1:{line.port} broke."


def test_a_server_that_does_not_answer_is_asked_again(server):
    first = api(server.port).post("#lobby", "before", "gus")["id"]
    with socket.create_server(("127.0.0.1", 0)) as silent, faulty_line(server.port, 1, ("as it is",)) as line:
        targets = chain((silent.getsockname()[1],), repeat(server.port))
        asked = HttpApi(Address("irc", "127.0.0.1", line.port))
        heard = follow(asked, "#lobby", first, sleep=lambda _: setattr(line, "_target", next(targets)))
        api(server.port).post("#lobby", "live", "gus")
        assert next(heard)["text"] == "live"
        asked._timeout = 0.2
        server.call(lambda: [one.disconnect("test") for one in list(server.server.context.sessions)])
        api(server.port).post("#lobby", "again", "gus")
        assert next(heard)["text"] == "again"


def test_it_goes_on_under_a_new_name(server):
    olga = server.irc("olga")
    olga.send("JOIN #old\r\nPING over\r\n")
    olga.until("PONG")
    direct = api(server.port)
    first = direct.post("#old", "first", "gus")["id"]
    heard = follow(direct, "#old", first, sleep=no_pause)
    direct.post("#old", "second", "gus")
    assert next(heard)["text"] == "second"
    olga.send("RENAME #old #new\r\nPRIVMSG #new :third\r\n")
    assert next(heard)["text"] == "third"


def test_what_ends_it(server):
    direct = api(server.port)
    with pytest.raises(ApiError, match="no such room"):
        next(follow(direct, "#nowhere", ""))
    with pytest.raises(ApiError, match="no message"):
        next(follow(direct, "#lobby", "x-1"))
    first = direct.post("#lobby", "first", "gus")["id"]
    waits = iter([1.0, 1.0, 0.0, 0.0, 0.0])
    with pytest.raises(TimedOut):
        next(follow(direct, "#lobby", first, left=lambda: next(waits)))
    server.stop()
    with pytest.raises(Unreachable):
        next(follow(direct, "#lobby", first))
