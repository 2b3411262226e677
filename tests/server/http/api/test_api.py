"""The API over real sockets: posting, reading, who may do which, and what is refused how."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from asyncchat.core.features.bots import TokenRevoked, digest_of
from asyncchat.core.features.login_tokens import LoginTokensRevoked
from asyncchat.core.features.room_registration import RoomRegistered
from asyncchat.core.features.server_bans import ServerBanChanged, server_mask
from asyncchat.core.people import Person
from asyncchat.server import limits
from asyncchat.server.http.api import rooms, schemas
from asyncchat.server.http.api.dispatch import ROUTES
from asyncchat.server.http.api.openapi import document
from asyncchat.server.http.api.routes import Call
from tests.server.harness import serving
from tests.server.http.api.client import ask, give_login, give_token


@pytest.fixture
def server():
    with serving(limits=False) as running:
        give_token(running, "bot", "post", "read", "who")
        yield running


def test_a_bot_posts_and_everybody_reads_it(server):
    alice, carol = server.person("alice"), server.irc("carol")
    carol.send("CAP REQ :message-tags\r\n")
    carol.until("ACK")
    answer = ask(server, "POST", "/rooms/lobby/messages", {"text": "build 42 fäiled"}, "bot")
    assert answer.status == 201
    said = answer.json
    assert (said["room"], said["name"], said["kind"], said["text"]) == (
        "#lobby", "bot", "message", "build 42 fäiled",
    )  # fmt: skip
    alice.until("bot: build 42 fäiled\n")
    line = carol.until("build 42 fäiled\r\n")
    assert f"msgid={said['id']}" in line
    assert ";bot :bot!bot@api PRIVMSG #lobby :" in line
    assert ask(server, "GET", "/rooms/lobby/messages?limit=1").json["messages"] == [said]
    assert server.people() == ["alice", "carol"]


@pytest.mark.parametrize(("kind", "shown"), [("notice", "hi"), ("action", "* bot hi")])
def test_notices_and_actions(server, kind, shown):
    alice = server.person("alice")
    answer = ask(server, "POST", "/rooms/%23lobby/messages", {"text": "hi", "kind": kind}, "bot")
    assert answer.json["kind"] == kind
    alice.until(shown)


def test_plain_text_is_a_message(server):
    assert ask(server, "POST", "/rooms/ci/messages", "two\r\nlines\n", "bot").json["text"] == "two\nlines"


def test_a_post_under_a_key_is_done_once(server):
    path, draft = "/rooms/ci/messages", {"text": "once"}
    first = ask(server, "POST", path, draft, "bot", Idempotency_Key="k1")
    again = ask(server, "POST", path, draft, "bot", Idempotency_Key="k1")
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == (None, "true")
    other = ask(server, "POST", path, {"text": "other"}, "bot", Idempotency_Key="k1")
    assert (other.status, other.json["id"]) == (409, first.json["id"])
    elsewhere = ask(server, "POST", "/rooms/cd/messages", draft, "bot", Idempotency_Key="k1")
    assert elsewhere.json["room"] == "#cd"
    assert ask(server, "POST", path, draft, "bot", Idempotency_Key="k2").json["id"] != first.json["id"]
    give_token(server, "other", "post")
    assert ask(server, "POST", path, draft, "other", Idempotency_Key="k1").json["name"] == "other"


def test_many_at_once_under_one_key_are_one(server):
    def post(_):
        return ask(server, "POST", "/rooms/ci/messages", {"text": "x"}, "bot", Idempotency_Key="k").json["id"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(post, range(16)))) == 1
    assert len(ask(server, "GET", "/rooms/ci/messages", bearer="bot").json["messages"]) == 1


def test_what_is_erased_is_not_posted_again(server):
    path, draft = "/rooms/ci/messages", {"text": "oops"}
    assert ask(server, "POST", path, draft, "bot", Idempotency_Key="k").status == 201
    olga = server.person("olga")
    olga.send("/owner 7KQ2-M9XD\n/join #ci\n/clear bot\n")
    olga.until("erased")
    assert ask(server, "POST", path, draft, "bot", Idempotency_Key="k").status == 409
    assert ask(server, "GET", path, bearer="bot").json["messages"] == []


def test_a_room_is_read_under_its_name_alone(server):
    olga = server.irc("olga")
    olga.send("CAP REQ draft/channel-rename\r\nJOIN #old\r\nPRIVMSG #old :hello\r\nMODE #old +s\r\n")
    olga.until("MODE #old +s")
    olga.send("RENAME #old #new\r\n")
    olga.until(" RENAME #old #new")
    assert ask(server, "GET", "/rooms/old/messages").status == 404
    assert ask(server, "GET", "/rooms/new/messages").status == 404
    (message,) = ask(server, "GET", "/rooms/new/messages", bearer="bot").json["messages"]
    assert (message["room"], message["text"]) == ("#new", "hello")


def test_what_is_refused_may_be_posted_again_under_its_key(server):
    path = "/rooms/ci/messages"
    assert ask(server, "POST", path, {"text": "\n"}, "bot", Idempotency_Key="k").status == 422
    assert ask(server, "POST", path, {"text": "\n"}, "bot", Idempotency_Key="k").status == 422


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({}, {}, 422),
        ({"text": ""}, {}, 422),
        ({"text": 1}, {}, 422),
        ({"text": "x", "kind": "shout"}, {}, 422),
        ({"text": "x", "room": "#y"}, {}, 422),
        ({"text": "é" * 5000}, {}, 422),
        ({"text": "x" * 9000}, {}, 422),
        ('{"text": ', {"Content_Type": "application/json"}, 400),
        ('{"text": "\\ud800"}', {"Content_Type": "application/json"}, 400),
        ("", {}, 422),
        ("x", {"Content_Type": "multipart/form-data"}, 415),
        (None, {}, 415),
        ({"text": "x"}, {"Idempotency_Key": "k" * 201}, 400),
    ],
)
def test_what_is_no_message(server, body, headers, status):
    answer = ask(server, "POST", "/rooms/ci/messages", body, "bot", **headers)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["detail"].endswith(".")


def test_history_is_paged_by_ids(server):
    ids = [ask(server, "POST", "/rooms/ci/messages", f"{n}", "bot").json["id"] for n in range(7)]

    def page(query):
        found = ask(server, "GET", f"/rooms/ci/messages?{query}", bearer="bot").json
        return [message["id"] for message in found["messages"]], found["more"]

    assert page("limit=3") == (ids[4:], True)
    assert page(f"limit=3&before={ids[4]}") == (ids[1:4], True)
    assert page(f"limit=3&before={ids[1]}") == (ids[:1], False)
    assert page(f"limit=2&after={ids[0]}") == (ids[1:3], True)
    assert page(f"after={ids[4]}") == (ids[5:], False)
    assert page(f"after={ids[1]}&before={ids[4]}") == (ids[2:4], False)
    assert page("") == (ids, False)


def test_a_page_is_read_again_only_after_something_changed(server):
    read = give_token(server, "reader", "read")
    post = give_token(server, "builder", "post")
    said = ask(server, "POST", "/rooms/tea/messages", "the kettle is on", post).json

    def page(*tags: str):
        headers = {"If_None_Match": ", ".join(tags)} if tags else {}
        return ask(server, "GET", "/rooms/tea/messages", bearer=read, **headers)

    first = page()
    assert first.json["messages"] == [said]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Authorization"
    tag = first.headers["ETag"]
    again = page('"another"', tag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
    assert page("W/" + tag).status == 304
    ask(server, "POST", "/rooms/tea/messages", "it boils", post)
    changed = page(tag)
    assert changed.status == 200
    assert [one["text"] for one in changed.json["messages"]] == ["the kettle is on", "it boils"]
    assert changed.headers["ETag"] != tag


def test_a_page_ends_early_where_its_texts_are_long(server, monkeypatch):
    monkeypatch.setattr(schemas, "PAGE_LETTERS", 20)
    ids = [ask(server, "POST", "/rooms/ci/messages", f"{n}" * 9, "bot").json["id"] for n in range(6)]
    ids.append(ask(server, "POST", "/rooms/ci/messages", "x" * 30, "bot").json["id"])

    def page(query):
        found = ask(server, "GET", f"/rooms/ci/messages?{query}", bearer="bot").json
        return [message["id"] for message in found["messages"]], found["more"]

    assert page("") == (ids[6:], True)
    assert page(f"before={ids[6]}") == (ids[4:6], True)
    assert page(f"after={ids[0]}") == (ids[1:3], True)
    assert page(f"after={ids[4]}") == (ids[5:6], True)
    assert page(f"after={ids[5]}") == (ids[6:], False)


def test_others_may_have_a_turn_with_each_room_and_member(server):
    clients = [server.irc(f"p{number}") for number in range(5)]
    for number, client in enumerate(clients):
        client.send(f"JOIN #r{number}\r\nPING done\r\n")
        client.until(":done")
    chat = server.server.hub.chat
    context = server.server.app._api._context
    nobody: Any = None
    session = server.call(lambda: next(iter(server.server.context.sessions)))
    call = Call(context, session, nobody, nobody, None)
    assert len(server.call(list, rooms.list_rooms(call))) == 6
    assert len(server.call(list, rooms.list_members(chat, chat.rooms["#lobby"].blocks))) == 5


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", f"before={'x' * 65}"],
)
def test_queries_that_cannot_be_meant(server, query):
    assert ask(server, "GET", f"/rooms/ci/messages?{query}", bearer="bot").status == 400


@pytest.mark.parametrize("query", ["before=x-1", "after=1", "after=%00", "before=-1"])
def test_ids_that_never_were(server, query):
    assert ask(server, "GET", f"/rooms/ci/messages?{query}", bearer="bot").status == 404


def test_a_visitor_reads_public_rooms_and_no_others(server):
    owner = server.irc("olga")
    owner.send(
        "JOIN #tea,#secret,#closed,#locked,#members\r\nMODE #members +R\r\n"
        "MODE #secret +s\r\nMODE #closed +i\r\nMODE #locked +k x\r\n"
    )
    for room in ("tea", "secret", "closed", "locked", "members"):
        owner.send(f"PRIVMSG #{room} :hello {room}\r\n")
    owner.send("PING over\r\n")
    owner.until("PONG")
    told = ask(server, "GET", "/rooms/tea/messages").json["messages"]
    assert [message["text"] for message in told] == ["hello tea"]
    owner.send("".join(f"PRIVMSG #tea :{number}\r\n" for number in range(60)) + "PING more\r\n")
    owner.until("PONG")
    page = ask(server, "GET", f"/rooms/tea/messages?after={told[0]['id']}&limit=55").json
    assert [message["text"] for message in page["messages"]] == [str(number) for number in range(55)]
    page = ask(server, "GET", f"/rooms/tea/messages?since={told[0]['time']}&limit=2").json
    assert [message["text"] for message in page["messages"]] == ["hello tea", "0"]
    assert page["more"]
    assert ask(server, "GET", "/rooms/tea/messages?since=today").status == 400
    assert ask(server, "GET", "/rooms/lobby/messages").json == {"messages": [], "more": False}
    missing = ask(server, "GET", "/rooms/nowhere/messages")
    for room in ("secret", "closed", "locked", "members"):
        for path in ("messages", "stream", "members", "search?text=hello"):
            hidden = ask(server, "GET", f"/rooms/{room}/{path}")
            assert (hidden.status, hidden.body) == (404, missing.body)
        assert ask(server, "GET", f"/rooms/{room}/messages", bearer="bot").status == 200
    assert [room["name"] for room in ask(server, "GET", "/rooms").json["rooms"]] == ["#lobby", "#tea"]
    rooms = ask(server, "GET", "/rooms", bearer="bot").json["rooms"]
    assert [room["name"] for room in rooms] == ["#closed", "#lobby", "#locked", "#members", "#secret", "#tea"]
    assert rooms[5] == {"name": "#tea", "topic": "", "members": 1, "public": True}
    assert rooms[4]["public"] is False


def test_a_server_with_a_password_tells_visitors_nothing():
    with serving(password="sesame") as server:  # noqa: S106
        assert ask(server, "GET", "/rooms/lobby/messages").status == 401
        assert ask(server, "GET", "/rooms").status == 401
        token = give_token(server, "bot", "read", rooms=("#ci",))
        assert ask(server, "GET", "/rooms", bearer=token).json == {"rooms": []}
        assert ask(server, "GET", "/rooms/ci/messages", bearer=token).status == 200
        assert ask(server, "GET", "/rooms/lobby/messages", bearer=token).status == 403


def test_who_is_there(server):
    olga = server.irc("olga")
    olga.send("AWAY :tea\r\nMODE olga +B\r\n")
    olga.until("+B")
    answer = ask(server, "GET", "/rooms/lobby/members", bearer="bot")
    assert answer.json["members"] == [{"name": "olga", "roles": [], "away": "tea", "bot": True}]
    zoe = server.irc("zoe")
    zoe.send("MODE zoe +i\r\n")
    zoe.until("+i")
    seen = [
        [
            member["name"]
            for member in ask(server, "GET", "/rooms/lobby/members", bearer=bearer).json["members"]
        ]
        for bearer in ("bot", "")
    ]
    assert seen == [["olga", "zoe"], ["olga"]]
    assert ask(server, "GET", "/rooms/nowhere/members", bearer="bot").status == 404
    assert ask(server, "GET", "/rooms/nowhere/members").status == 404


def test_a_token_is_for_its_rooms_and_actions_as_long_as_it_counts(server):
    token = give_token(server, "ci", "post", rooms=("#ci",))
    post = ("POST", "/rooms/ci/messages", {"text": "x"})
    assert ask(server, *post, token).status == 201
    assert ask(server, "POST", "/rooms/CI/messages", {"text": "x"}, token).status == 201
    assert ask(server, "POST", "/rooms/lobby/messages", {"text": "x"}, token).status == 403
    assert ask(server, "GET", "/rooms/ci/messages", None, token).status == 200  # as any visitor
    server.call(server.server.hub.declare, [TokenRevoked("ci", 0)])
    assert ask(server, *post, token).status == 401
    for wrong in ("", "Bearer", "Basic Y2k6", "Bearer nonsense"):
        refused = ask(server, *post, Authorization=wrong)
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_muted_bot_is_refused(server):
    alice = server.irc("alice")
    alice.send("JOIN #ci\r\nMODE #ci +b m:bot!*@*\r\n")
    alice.until("m:bot")
    refused = ask(server, "POST", "/rooms/ci/messages", {"text": "x"}, "bot")
    assert refused.status == 403
    assert refused.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/rooms/", 404),
        ("GET", "/rooms/a%20b/messages", 404),
        ("POST", "/rooms/a%20b/messages", 404),
        ("DELETE", "/rooms", 405),
        ("PUT", "/rooms/ci/messages", 405),
    ],
)
def test_paths_and_methods_that_are_none(server, method, path, status):
    answer = ask(server, method, path, {"text": "x"} if method == "POST" else None, "bot")
    assert answer.status == status
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_a_room_with_a_slash_in_its_name(server):
    assert ask(server, "POST", "/rooms/a%2Fb/messages", "x", "bot").json["room"] == "#a/b"


def test_health(server):
    assert ask(server, "GET", "/health").json["status"] == "ok"
    server.call(setattr, server.server.outbox, "failing", True)
    failing = ask(server, "GET", "/health")
    assert (failing.status, failing.json["status"]) == (503, "failing")
    refused = ask(server, "POST", "/rooms/ci/messages", "x", "bot")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    server.call(setattr, server.server.outbox, "failing", False)


def test_wrong_tokens_of_a_network_wait_and_right_ones_do_not():
    with serving(burst=100) as server:
        give_token(server, "bot", "read")
        answers = [ask(server, "GET", "/rooms", bearer=f"guess {n}") for n in range(12)]
        assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert ask(server, "GET", "/rooms", bearer="bot").status == 200


@pytest.mark.parametrize("text", ["\1VERSION\1", "a\n\1PING 1\1", "a\1"])
@pytest.mark.parametrize("room", ["lobby", "ci"])
def test_a_bot_sends_no_ctcp(server, text, room):
    server.person("alice")
    refused = ask(server, "POST", f"/rooms/{room}/messages", {"text": text}, "bot")
    assert refused.status == 403
    assert "CTCP" in refused.json["detail"]


def test_a_post_to_a_room_that_is_not_open_leaves_nothing_behind(server):
    for name in ("ci", "CI", "cI", "Ci"):
        assert ask(server, "POST", f"/rooms/{name}/messages", {"text": "x"}, "bot").status == 201
    alice = server.irc("alice")
    alice.send("JOIN #Open\r\n")
    alice.until("366")
    for name in ("open", "OPEN", "Open"):
        assert ask(server, "POST", f"/rooms/{name}/messages", {"text": "x"}, "bot").status == 201
    assert server.call(lambda: set(server.server.delivery._rooms)) <= {"#lobby", "#open", "#Open"}
    alice.send("PART #Open\r\n")
    alice.until("PART")
    assert server.call(lambda: set(server.server.delivery._rooms)) == {"#lobby"}


@pytest.mark.parametrize("mask", ["127.0.0.1", "127.0.0.0/8", "*!*@127.*"])
def test_who_is_banned_from_the_server_reads_nothing(server, mask):
    root = Person(0, "root", "u", "h")
    ban = server_mask(mask)
    assert ask(server, "GET", "/rooms/lobby/messages").status == 200
    server.call(server.server.hub.declare, [ServerBanChanged(root, ban, True, 0, reason="enough")])
    server.wait(server.server.context.outbox.emptied())  # until then requests that are being read are ended
    for path in ("/rooms/lobby/messages", "/rooms", "/rooms/lobby/stream"):
        refused = ask(server, "GET", path, bearer="bot")
        assert (refused.status, refused.json["detail"]) == (403, "You are banned here: enough.")
    for head in ("GET / HTTP/1.1", "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket"):
        client = server.connect()
        client.send(f"{head}\r\nHost: localhost\r\n\r\n")
        assert client.rest().startswith(b"HTTP/1.1 403 ")
    server.call(server.server.hub.declare, [ServerBanChanged(root, ban, False, 0)])
    assert ask(server, "GET", "/rooms/lobby/messages").status == 200


def test_a_ban_of_a_name_is_none_of_a_reader(server):
    root = Person(0, "root", "u", "h")
    server.call(server.server.hub.declare, [ServerBanChanged(root, "bad*!*@*", True, 0)])
    assert ask(server, "GET", "/rooms/lobby/messages").status == 200


def test_who_has_asked_nothing_for_a_while_is_forgotten():
    with serving(burst=3, rate=0.01) as server:
        api, budgets = server.server.app._api, server.server.context.budgets
        budgets._askers["10.0.0.1"] = budgets.connection()
        waits = [server.call(api._wait, "10.0.0.2") for _ in range(3)]
        server.call(budgets.forget_idle)
        assert list(budgets._askers) == ["10.0.0.2"]
        assert waits == [0.0] * 3
        assert server.call(api._wait, "10.0.0.2")


def test_who_asks_too_much_is_told_when_to_go_on():
    with serving(burst=3, rate=0.01) as server:
        answers = [ask(server, "GET", "/health") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert int(answers[3].headers["Retry-After"]) > 50


def test_a_page_of_elsewhere_cannot_post(server):
    body = {"text": "x"}
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert ask(server, "POST", "/rooms/ci/messages", body, "bot", **headers).status in (403, 421)


class TestOpenApi:
    def test_it_is_served_and_says_what_the_tables_say(self, server):
        served = ask(server, "GET", "/openapi.json").json
        assert served["openapi"] == "3.1.0"
        described = {(method.upper(), path) for path, item in served["paths"].items() for method in item}
        assert described == {(route.method, f"{route.prefix}{route.path}") for route in ROUTES}

    def test_each_reference_leads_somewhere(self):
        found = document(ROUTES)

        def references(value):
            if isinstance(value, dict):
                if "$ref" in value:
                    yield value["$ref"]
                value = value.values()
            if isinstance(value, str) or not hasattr(value, "__iter__"):
                return
            for part in value:
                yield from references(part)

        names = {reference.rpartition("/")[2] for reference in references(found)}
        assert names == set(found["components"]["schemas"])

    def test_the_documentation_has_each_route(self):
        text = (Path(__file__).parents[4] / "docs" / "http.md").read_text("utf-8")
        for route in ROUTES:
            assert f"`{route.method} {route.prefix}{route.path}`" in text

    def test_names_and_routes_are_unique(self):
        assert len({route.name for route in ROUTES}) == len(ROUTES)
        assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_a_guest_posts_under_a_name_and_comes_not(server):
    alice = server.person("alice")
    path, draft = "/rooms/lobby/messages", {"text": "hi", "name": "gus"}
    first = ask(server, "POST", path, draft, Idempotency_Key="k")
    assert (first.status, first.json["name"]) == (201, "gus")
    alice.until("gus: hi\n")
    again = ask(server, "POST", path, draft, Idempotency_Key="k")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    other = ask(server, "POST", path, {"text": "ho", "name": "gus"}, Idempotency_Key="k")
    assert (other.status, other.json["id"]) == (409, first.json["id"])
    assert ask(server, "POST", path, {"text": "ho", "name": "alice"}).json["name"] == "alice_"
    assert alice.line() == "alice_: ho"
    assert ask(server, "POST", path, {"text": "hi"}).status == 401
    assert ask(server, "POST", path, {"text": "hi", "name": "a b"}).status == 422
    assert server.people() == ["alice"]


def test_many_guests_of_one_name_and_key_post_once(server):
    def post(_):
        draft = {"text": "done", "name": "ci"}
        return ask(server, "POST", "/rooms/ci/messages", draft, Idempotency_Key="k").json["id"]

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(post, range(5)))) == 1
    assert len(ask(server, "GET", "/rooms/ci/messages").json["messages"]) == 1


def test_a_guest_is_refused_where_it_could_not_join_or_speak(server):
    olga = server.irc("olga")
    olga.send("JOIN #tea,#in,#mod,#slow\r\nMODE #in +i\r\nMODE #mod +m\r\n")
    olga.send("MODE #slow +W 60\r\nMODE #tea +b gus!*@*\r\nPING over\r\n")
    olga.until("PONG")
    answers = [
        ask(server, "POST", f"/rooms/{room}/messages", {"text": "x", "name": "gus"})
        for room in ("tea", "in", "mod", "slow", "slow")
    ]
    assert [answer.status for answer in answers] == [403, 403, 403, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) <= 60


def test_a_login_token_is_its_account(server):
    token = give_login(server, "ella")
    said = ask(server, "POST", "/rooms/ci/messages", {"text": "hi", "name": "other"}, token)
    assert (said.status, said.json["name"]) == (201, "ella")
    olga = server.irc("olga")
    olga.send("JOIN #ci,#in\r\nMODE #ci +i\r\nMODE #in +i\r\nPING over\r\n")
    olga.until("PONG")
    server.call(server.server.hub.declare, [RoomRegistered("#ci", "ella")])
    assert ask(server, "GET", "/rooms/ci/messages").status == 404
    assert ask(server, "GET", "/rooms/ci/messages", bearer=token).json["messages"] == [said.json]
    assert ask(server, "GET", "/rooms/in/messages", bearer=token).status == 404
    rooms_read = ask(server, "GET", "/rooms", bearer=token).json["rooms"]
    assert [room["name"] for room in rooms_read] == ["#ci", "#lobby"]
    revoked = LoginTokensRevoked("ella", (digest_of(token),))
    server.call(server.server.hub.declare, [revoked])
    assert ask(server, "GET", "/rooms/ci/messages", bearer=token).status == 401


def test_a_search_goes_on_page_by_page(server):
    for number in range(5):
        ask(server, "POST", "/rooms/ci/messages", {"text": f"build {number} failed"}, "bot")
    ask(server, "POST", "/rooms/ci/messages", {"text": "build 9 passed", "name": "gus"})
    found: list[str] = []
    path, following = "/rooms/ci/search?text=build+failed&limit=2", ""
    while True:
        page = ask(server, "GET", f"{path}&before={following}").json
        found[:0] = [message["text"] for message in page["messages"]]
        following = page["next"]
        if not following:
            break
    assert found == [f"build {number} failed" for number in range(5)]
    one = ask(server, "GET", "/rooms/ci/search?text=build&name=GUS").json["messages"]
    assert [message["text"] for message in one] == ["build 9 passed"]
    assert ask(server, "GET", "/rooms/ci/search?text=%20").status == 400
    assert ask(server, "GET", "/rooms/nowhere/search?text=x").status == 404


def test_a_reply_names_what_it_answers(server):
    first = ask(server, "POST", "/rooms/lobby/messages", {"text": "tea?"}, "bot").json
    alice = server.irc("alice")
    alice.send(f"CAP REQ message-tags\r\n@+reply={first['id']} PRIVMSG #lobby :yes\r\nPING over\r\n")
    alice.until("PONG")
    answers = ask(server, "GET", "/rooms/lobby/messages").json["messages"]
    assert [message["reply_to"] for message in answers] == ["", first["id"]]


def test_guests_of_a_network_say_so_much_a_day(monkeypatch):
    monkeypatch.setattr(limits, "is_local", lambda _address: False)
    with serving(guest_megabytes=1) as server:
        path, draft = "/rooms/ci/messages", {"text": "x", "name": "gus"}
        assert ask(server, "POST", path, draft).status == 201
        budget = server.server.context.budgets._network("127.0.0.1")
        server.call(budget.charge_guest, server.server.context.now(), 1_000_000)
        refused = ask(server, "POST", path, draft)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "3600")
        assert ask(server, "POST", path, draft, give_token(server, "bot", "post")).status == 201
        assert ask(server, "POST", path, draft, give_login(server, "ella")).status == 201
