"""Incoming webhooks over real sockets: as Slack's, but with the rights of tokens."""

import json
from urllib.parse import urlencode

import pytest

from asyncchat.core.features.bots import TokenRevoked
from tests.server.harness import serving
from tests.server.http.api.client import ask, give_token, request

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def server():
    with serving(limits=False) as running:
        give_token(running, "ci", "post", rooms=("#builds", "#lobby"))
        give_token(running, "all", "post")
        give_token(running, "eyes", "read")
        yield running


def hook(server, token, body, kind=JSON):
    body = json.dumps(body) if isinstance(body, dict) else body
    return request(server, "POST", f"/hooks/{token}", body, Content_Type=kind)


def last(server, room):
    (message,) = ask(server, "GET", f"/rooms/{room}/messages?limit=1").json["messages"]
    return message["name"], message["text"]


def test_what_posts_to_slack_posts_here(server):
    alice = server.person("alice")
    for body, kind, room, text in [
        ({"text": "<https://x.example|42> &amp; more"}, JSON, "builds", "42 (https://x.example) & more"),
        ({"text": "two\r\nlines\n", "channel": "lobby"}, JSON, "lobby", "two\nlines"),
        ({"text": "hi", "channel": "#Lobby", "username": "grafana"}, JSON, "lobby", "grafana: hi"),
        (urlencode({"payload": '{"text": "a+b é"}'}), FORM, "builds", "a+b é"),
        (' {"text": "as curl -d sends it"}', FORM, "builds", "as curl -d sends it"),
    ]:  # fmt: skip
        answer = hook(server, "ci", body, kind)
        assert (answer.status, answer.body) == (200, b"ok")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert last(server, room) == ("ci", text)
    alice.until("ci: grafana: hi\n")
    assert hook(server, "all", {"text": "hi", "channel": "new"}).body == b"ok"


@pytest.mark.parametrize(
    ("token", "body", "status", "words"),
    [
        ("none", {"text": "hi"}, 403, b"invalid_token"),
        ("ci", {"text": "hi", "channel": "#secret"}, 403, b"action_prohibited"),
        ("all", {"text": "hi"}, 404, b"channel_not_found"),
        ("ci", {"text": "hi", "channel": "@anna"}, 404, b"channel_not_found"),
        ("all", {"text": "hi", "channel": "#a b"}, 404, b"channel_not_found"),
        ("ci", {"text": ""}, 400, b"no_text"),
        ("ci", {}, 400, b"no_text"),
        ("ci", {"text": 1}, 400, b"invalid_payload"),
        ("ci", "no json", 400, b"invalid_payload"),
        ("ci", b"\xff", 400, b"invalid_payload"),
        ("ci", "payload=", 400, b"invalid_payload"),
        ("ci", "&" * 500, 400, b"invalid_payload"),
        ("ci", '{"blocks": ' + "[" * 60_000, 400, b"invalid_payload"),
        ("ci", '{"x": ' + "[" * 30_000 + "]" * 30_000 + "}", 400, b"invalid_payload"),
        ("ci", '{"text": "\\u0001VERSION\\u0001"}', 403, b"action_prohibited"),
    ],
)
def test_what_is_refused(server, token, body, status, words):
    answer = hook(server, token, body)
    assert (answer.status, answer.body) == (status, words)


def test_what_is_refused_by_all_routes(server):
    assert hook(server, "eyes", {"text": "hi"}).status == 403
    assert hook(server, "ci", "x" * 70_000).status == 413
    assert request(server, "GET", "/hooks/ci").status == 405
    assert request(server, "OPTIONS", "/hooks/ci").headers["Allow"] == "POST, OPTIONS"
    assert request(server, "POST", "/hooks/ci/more", "{}").status == 404
    assert request(server, "POST", "/api/v1/hooks/ci", "{}").status == 404
    assert request(server, "POST", "/hooks/ci?thread_ts=1", '{"text": "hi"}').body == b"ok"


def test_a_token_that_is_revoked(server):
    give_token(server, "gone", "post", rooms=("#builds",))
    assert hook(server, "gone", {"text": "hi"}).status == 200
    server.call(server.server.hub.declare, [TokenRevoked("gone", 0)])
    assert hook(server, "gone", {"text": "hi"}).status == 403


def test_guessing_is_slowed_down():
    with serving() as server:
        give_token(server, "ci", "post", rooms=("#builds",))
        answers = [hook(server, f"guess{number}", {"text": "hi"}).status for number in range(11)]
        assert answers == [*[403] * 10, 429]
        assert ask(server, "GET", "/rooms", bearer="guess").status == 429  # one count for all ways
        assert hook(server, "ci", {"text": "hi"}).status == 200
