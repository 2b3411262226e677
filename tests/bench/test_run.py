"""Short runs against a stub: clients, load, churn, metrics and comparison together, over real sockets."""

from dataclasses import replace

import pytest

from asyncchat.bench import report, results
from asyncchat.bench.metrics import Metrics
from asyncchat.bench.run import Settings, compare, run
from asyncchat.bench.scenario import Scenario, ScenarioError
from asyncchat.bench.servers import Own, Remote
from asyncchat.errors import AsyncChatError
from tests.bench.stub import StubServer, stub

CLOSED = Scenario("closed", clients=12, senders=4, rooms=2, window=3, seconds=0.2, warmup=0.05)
OPEN = Scenario("open", clients=6, senders=2, rate=200.0, seconds=0.2, warmup=0.05)


def silent(text: str) -> None:
    """Show no progress."""


def once(server: StubServer, scenario: Scenario) -> Metrics:
    target = Remote(f"irc://127.0.0.1:{server.port}")
    [(_, metrics)] = run(target, [scenario], Settings(), silent)
    return metrics


@pytest.mark.parametrize("scenario", [CLOSED, OPEN, replace(OPEN, arrivals="poisson")])
def test_a_right_server_has_no_faults(scenario):
    with stub() as server:
        metrics = once(server, scenario)
    assert metrics.faults == ""
    assert metrics.version == "stub-1"
    assert metrics.values["messages_per_s"] > 0
    assert metrics.values["p50_ms"] > 0
    assert metrics.values["join_seconds"] > 0


def test_a_server_that_loses_a_delivery():
    with stub(lambda number, receiver, line: [] if number == 20 else [line]) as server:
        assert once(server, CLOSED).faults == "1 lost"


def test_a_server_that_doubles_a_delivery():
    with stub(lambda number, receiver, line: [line, line] if number == 20 else [line]) as server:
        assert once(server, CLOSED).faults == "1 duplicated"


def test_a_server_that_cuts_a_delivery():
    with stub(lambda number, receiver, line: [line[:-5] + b"\r\n"] if number == 20 else [line]) as server:
        assert once(server, CLOSED).faults == "1 changed in transit"


def test_a_server_that_disconnects_a_client():
    with stub(hang_up_after=30) as server:
        metrics = once(server, CLOSED)
    assert metrics.faults == "1 members disconnected"
    assert "Excess Flood" in metrics.examples[0]


def test_a_server_that_refuses_a_message():
    refused = iter([b":stub 404 x #r :Cannot send\r\n"])

    def refuse_once(number: int, receiver: int, line: bytes) -> list[bytes]:
        return [line, next(refused, b"")] if receiver == 0 else [line]  # the first client is a sender

    with stub(refuse_once) as server:
        metrics = once(server, OPEN)
    assert metrics.faults == "1 refused by the server"
    assert "Cannot send" in metrics.examples[0]


def test_sessions_come_and_go():
    with stub() as server:
        metrics = once(
            server, Scenario("churn", clients=8, senders=5, kind="churn", seconds=0.2, warmup=0.05)
        )
    assert metrics.faults == ""
    assert metrics.values["sessions_per_s"] > 0


def test_nobody_talks():
    with stub() as server:
        metrics = once(server, Scenario("idle", clients=20, rooms=2, kind="idle", seconds=0.2, warmup=0.0))
    assert metrics.faults == ""
    assert "deliveries_per_s" not in metrics.values


def test_servers_are_compared_in_turn_and_beside_an_earlier_result():
    said: list[str] = []
    with stub() as first, stub() as second:
        urls = [f"irc://127.0.0.1:{server.port}" for server in (first, second)]
        targets = [Remote(url) for url in urls]
        found = compare([[OPEN]], targets, Settings(), runs=2, progress=said.append)
        again = compare([[OPEN]], targets[:1], Settings(), runs=1, past=[found], progress=silent)
    assert [series.server for series in found.comparisons[0].series] == urls
    assert [len(series.runs) for series in found.comparisons[0].series] == [2, 2]
    starts = list(dict.fromkeys(each for each in said if each.endswith(tuple(urls))))
    assert starts == [f"run {number} of 2: open: {url}" for number in (1, 2) for url in urls]
    assert results.parse(found.dump()) == found
    assert [series.server for series in again.comparisons[0].series] == [urls[0], f"{urls[0]} (recorded)"]
    assert f"{urls[0]} (recorded) stub-1" in report.table(again)


def test_a_server_that_is_not_there():
    with stub() as server:
        port = server.port
    with pytest.raises(AsyncChatError, match=f"cannot connect to irc://127.0.0.1:{port}: Connection refused"):
        next(run(Remote(f"irc://127.0.0.1:{port}"), [OPEN], Settings(), silent))


def test_plain_has_one_room():
    with stub() as server, pytest.raises(ScenarioError, match="one room only"):
        next(run(Remote(f"plain://127.0.0.1:{server.port}"), [CLOSED], Settings(), silent))


def test_over_tls():
    scenario = replace(CLOSED, surface="tls", payload=400)
    [(_, metrics)] = run(Own(history=False), [scenario], Settings(), silent)
    assert metrics.faults == ""
    assert metrics.values["messages_per_s"] > 0
