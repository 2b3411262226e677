"""The figures: who reads them, what is in them, and that the dashboard asks for what there is."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from asyncchat.server.measurements import SECONDS, Histogram
from tests.server.harness import serving
from tests.server.http.api.client import give_token
from tests.server.http.test_connection import answer

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"


@pytest.fixture(scope="module")
def server():
    with serving(per_address=1, trusted_proxies=("127.0.0.1",), metrics_from=("192.0.2.0/24",)) as running:
        give_token(running, "prometheus", "metrics")
        give_token(running, "bot", "read")
        yield running


def figures(server, *headers):
    lines = "".join(f"{header}\r\n" for header in headers)
    return answer(server, f"GET /metrics HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 200),
        (("Via: 1.1 proxy",), 403),
        (("X-Real-IP: 192.0.2.7",), 403),
        (("Forwarded: for=127.0.0.1",), 403),
        (("X-Forwarded-For: 192.0.2.7",), 403),
        (("Authorization: Bearer prometheus", "X-Forwarded-For: 198.51.100.7"), 200),
        (("Authorization: Bearer bot",), 403),
        (("Authorization: Bearer wrong",), 401),
    ],
)
def test_who_reads_them(server, headers, status):
    head, _ = figures(server, *headers)
    assert head.startswith(b"HTTP/1.1 %d " % status)


def test_networks_read_them(server):
    for address, status in (("192.0.2.7", 200), ("198.51.100.7", 403)):
        header = f"PROXY TCP4 {address} 127.0.0.1 5000 1234\r\n"
        head, _ = answer(server, f"{header}GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert head.startswith(b"HTTP/1.1 %d " % status)


def families(server):
    head, body = figures(server)
    assert b"\r\nContent-Type: text/plain; version=0.0.4" in head
    return {one.name: one for one in text_string_to_metric_families(body.decode())}


def test_what_is_measured_is_in_them(server):
    anna = server.irc("anna")
    anna.send("PRIVMSG #lobby :hello\r\nPING x\r\n")
    anna.until("PONG")
    found = families(server)
    assert all(name.startswith("asyncchat_") for name in found)
    for name in ("delivery_delay_seconds", "commit_seconds", "http_request_seconds"):
        family = found[f"asyncchat_{name}"]
        assert family.type == "histogram"
        counts = [one.value for one in family.samples if one.name.endswith("_bucket")][: len(SECONDS) + 1]
        assert counts == sorted(counts)
        assert counts[-1] >= 1
    assert {one.labels["status"] for one in found["asyncchat_http_request_seconds"].samples} >= {"2xx"}
    labels = {label for family in found.values() for one in family.samples for label in one.labels}
    assert labels <= {"le", "status", "limit", "version"}  # no names of people or rooms


def test_limits_that_are_hit_are_counted(server):
    def hits():
        samples = families(server)["asyncchat_limits_hit"].samples
        return {one.labels["limit"]: one.value for one in samples}

    before = hits()
    clients = [server.connect() for _ in range(2)]
    for client, told in zip(clients, (" CAP ", "Too many connections"), strict=True):
        client.send("PROXY TCP4 203.0.113.7 127.0.0.1 5000 1234\r\nCAP LS\r\n")
        client.until(told)
    assert hits() == {**before, "connections": before["connections"] + 1}


def test_probes_of_an_orchestrator(server):
    for path in ("/healthz", "/readyz"):
        head, body = answer(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body == b"ok\n"
    server.call(setattr, server.server.outbox, "failing", True)
    try:
        head, body = answer(server, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"history" in body
        assert answer(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0].startswith(
            b"HTTP/1.1 200 "
        )
    finally:
        server.call(setattr, server.server.outbox, "failing", False)


def test_a_histogram_counts_up_to_each_bound():
    histogram = Histogram()
    histogram.fresh.extend([0.0, 0.001, 0.0011, 9.0, 11.0])
    assert histogram.up_to == [2, 3, *[3] * 10, 4, 5]
    assert histogram.total == pytest.approx(20.0021)
    histogram.fresh.append(0.0)
    assert histogram.up_to[0] == 3


@pytest.mark.skipif(not DASHBOARD.exists(), reason="without the tree there is no documentation")
def test_the_dashboard_asks_for_what_there_is(server):
    names = {one.name for family in families(server).values() for one in family.samples}
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert asked
    for expression in asked:
        assert set(re.findall(r"asyncchat_\w+", expression)) <= names, expression
