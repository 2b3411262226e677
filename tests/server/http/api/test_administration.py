"""Administration over HTTP: what a token that allows ``admin`` does, what operators do, and who may not."""

import asyncio

import pytest

from asyncchat.core.features.bots import TokenMade, TokenRevoked, digest_of
from asyncchat.core.features.forget import Forget
from asyncchat.core.features.invite_codes import MakeInviteCode
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.people import with_account
from asyncchat.server.http.api import administration
from tests.server.harness import CODE, serving
from tests.server.http.api.client import ask, give_login, give_token

ROUTES = [
    ("GET", "/people", None),
    ("GET", "/rooms", None),
    ("GET", "/bans", None),
    ("GET", "/audit", None),
    ("GET", "/limits", None),
    ("POST", "/kick", {"room": "tea", "name": "bob"}),
    ("POST", "/disconnect", {"name": "bob"}),
    ("POST", "/ban", {"mask": "bob"}),
    ("POST", "/unban", {"mask": "bob"}),
    ("POST", "/erase", {"name": "bob"}),
]


@pytest.fixture
def server():
    with serving(limits=False) as running:
        give_token(running, "root", "admin")
        yield running


def admin(server, method, path, body=None, bearer="root"):
    return ask(server, method, f"/admin{path}", body, bearer)


def says(server, bearer="root"):
    """The audit, newest first."""
    return [entry["says"] for entry in admin(server, "GET", "/audit", bearer=bearer).json["entries"]]


@pytest.fixture
def bob(server):
    """Somebody in #tea, where ada, who came first, has the rights."""
    ada, bob = server.irc("ada"), server.irc("bob")
    ada.send("JOIN #tea\r\n")
    ada.until(" 366 ")
    bob.send("JOIN #tea\r\n")
    bob.until(" 366 ")
    return bob


def operator(server, name="olga"):
    """An operator of the server by its session, and the key of that."""
    olga = server.irc(name)
    olga.send(f"OPER owner {CODE}\r\nSESSIONKEY\r\n")
    return olga, olga.until("is supported by this server\r\n").rpartition("asyncchat/KEY=")[2].split()[0]


def test_every_route_is_in_this_table():
    assert {(route.method, route.path.removeprefix("/admin")) for route in administration.ROUTES} == {
        route[:2] for route in ROUTES
    }


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_nothing_is_for_others(server, method, path, body):
    give_token(server, "bot", "post", "read", "who", "metrics")
    give_login(server, "cyd")
    bob = server.irc("bob")
    bob.send("SESSIONKEY\r\n")
    bob.until(" 481 ")
    key = server.call(server.server.protocols.irc.session_key, *server.call(ids_of, server, "bob"))
    answers = [admin(server, method, path, body, bearer) for bearer in ("", "wrong", "bot", "aclogin_x", key)]
    assert [answer.status for answer in answers] == [401, 401, 403, 403, 403]
    for answer in answers:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["detail"].endswith((".", "admin"))
    assert server.people() == ["bob"]


def ids_of(server, name):
    found = server.server.hub.chat.person_named(name)
    return found.id, server.server.hub.chat.sessions.of(found.id)[0]


def test_people_are_listed_with_what_is_known_of_them(server, bob):
    server.person("nick")
    answer = admin(server, "GET", "/people")
    assert answer.status == 200
    found = {person["name"]: person for person in answer.json["people"]}
    assert list(found) == ["ada", "bob", "nick"]
    assert answer.json["next"] == ""
    person = found["bob"]
    assert person["rooms"] == ["#lobby", "#tea"]
    assert person["clients"] == [{"kind": "irc", "address": "127.0.0.1", "encrypted": False}]
    assert (person["address"], person["operator"], person["account"]) == ("127.0.0.1", False, "")
    assert found["nick"]["clients"][0]["kind"] == "plain"
    assert says(server) == ["token root listed the people with their addresses"]


READ = {
    "/people": "token root listed the people with their addresses",
    "/rooms": "token root listed secret rooms",
    "/limits": "token root looked which networks hit limits",
}


@pytest.mark.parametrize(("path", "entry"), READ.items())
def test_what_is_read_is_in_the_audit_before_it_is_shown(server, monkeypatch, path, entry):
    append = server.server.log.append

    async def slow(*records):
        await asyncio.sleep(0.2)
        await append(*records)

    monkeypatch.setattr(server.server.log, "append", slow)
    server.call(setattr, server.server.outbox, "failing", True)
    refused = admin(server, "GET", path)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    server.call(setattr, server.server.outbox, "failing", False)
    assert admin(server, "GET", path).status == 200
    assert says(server) == [entry]


def test_lists_have_pages(server, bob):
    server.person("carol")
    first = admin(server, "GET", "/people?limit=2").json
    assert ([one["name"] for one in first["people"]], first["next"]) == (["ada", "bob"], "bob")
    rest = admin(server, "GET", f"/people?limit=2&after={first['next']}").json
    assert ([one["name"] for one in rest["people"]], rest["next"]) == (["carol"], "")
    found = admin(server, "GET", "/people?text=CAR").json
    assert [one["name"] for one in found["people"]] == ["carol"]


def test_secret_rooms_are_listed_too(server, bob):
    ada = server.irc("eve")
    ada.send("JOIN #plot\r\nMODE #plot +s\r\nTOPIC #plot :the plan\r\n")
    ada.until("the plan")
    rooms = {room["name"]: room for room in admin(server, "GET", "/rooms").json["rooms"]}
    assert rooms["#plot"] == {
        "name": "#plot", "topic": "the plan", "members": 1, "public": False, "secret": True, "founder": "",
    }  # fmt: skip
    assert rooms["#tea"]["members"] == 2
    assert "token root listed secret rooms" in says(server)


def test_a_member_is_kicked(server, bob):
    assert admin(server, "POST", "/kick", {"room": "tea", "name": "BOB", "reason": "enough"}).status == 204
    assert ":root!token@api KICK #tea bob :enough" in bob.until("enough\r\n")
    assert says(server) == ["token root overruled #tea: [#tea] bob was removed by root (enough)"]
    assert admin(server, "POST", "/kick", {"room": "tea", "name": "bob"}).status == 404
    assert admin(server, "POST", "/kick", {"room": "nowhere", "name": "bob"}).status == 404


def test_a_reason_stays_in_its_line(server, bob):
    draft = {"room": "tea", "name": "bob", "reason": "one\r\nERROR :two"}
    assert admin(server, "POST", "/kick", draft).status == 204
    bob.until(" KICK #tea bob :one  ERROR :two\r\n")


def test_a_person_is_disconnected(server, bob):
    assert admin(server, "POST", "/disconnect", {"name": "bob", "reason": "away with you"}).status == 204
    bob.until(":root!token@api KILL bob :away with you")
    bob.rest()
    assert says(server)[0].startswith(
        "token root removed bob!bob@localhost (127.0.0.1) from the server: away with you"
    )
    assert admin(server, "POST", "/disconnect", {"name": "bob"}).status == 404


def test_a_mask_is_banned_and_unbanned(server, bob):
    answer = admin(server, "POST", "/ban", {"mask": "bob", "seconds": 3600, "reason": "spam"})
    assert answer.status == 201
    bob.until("ERROR")
    ban = answer.json
    assert (ban["mask"], ban["by"], ban["reason"]) == ("bob!*@*", "token root", "spam")
    assert ban["until"] > ban["time"]
    assert admin(server, "GET", "/bans").json == {"bans": [ban], "next": ""}
    assert says(server)[-1].startswith("token root banned bob!*@* from the server")
    again = server.connect()
    again.send("NICK bob\r\nUSER bob 0 * :b\r\n")
    again.until("spam")
    assert admin(server, "POST", "/unban", {"mask": "bob"}).status == 204
    assert admin(server, "POST", "/unban", {"mask": "bob"}).status == 404
    assert admin(server, "GET", "/bans").json["bans"] == []
    server.irc("bob")


def test_an_account_is_banned(server):
    give_login(server, "mallory")
    answer = admin(server, "POST", "/ban", {"mask": "~account:mallory"})
    assert answer.json["mask"] == "~account:mallory"
    posted = ask(server, "POST", "/rooms/lobby/messages", {"text": "hi"}, "aclogin_x")
    assert (posted.status, "banned" in posted.json["detail"]) == (403, True)


@pytest.mark.parametrize("mask", ["127.0.0.1", "127.0.0.0/8", "*!*@127.*", "*!*@LOCALHOST"])
def test_nobody_bans_the_address_from_which_it_asks(server, mask):
    answer = admin(server, "POST", "/ban", {"mask": mask})
    assert answer.status == 422
    assert answer.json["detail"] == f"{mask} would ban you, too: your address is 127.0.0.1."


@pytest.mark.parametrize("mask", ["*", "*!*@*", "0.0.0.0/0"])
def test_nobody_bans_everybody(server, mask):
    answer = admin(server, "POST", "/ban", {"mask": mask})
    assert (answer.status, "would ban everybody" in answer.json["detail"]) == (422, True)
    assert admin(server, "GET", "/bans").json["bans"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ban", {"mask": "*"}),
        ("/ban", {"mask": "~account:*"}),
        ("/ban", {"mask": ""}),
        ("/ban", {"mask": "bob\nQUIT"}),
        ("/ban", {"mask": "bob\0"}),
        ("/ban", {"mask": "bob", "seconds": -1}),
        ("/ban", {"mask": "bob", "until": "x"}),
        ("/kick", {"room": "tea"}),
        ("/erase", {}),
        ("/erase", {"name": "bob", "id": "x"}),
        ("/erase", {"id": "x"}),
    ],
)
def test_what_says_nothing_that_can_be_done(server, path, body):
    answer = admin(server, "POST", path, body)
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_message_is_erased(server, bob):
    bob.send("PRIVMSG #tea :oops\r\nPRIVMSG #tea :fine\r\nPING done\r\n")
    bob.until("PONG")
    give_token(server, "bot", "read")
    first, second = ask(server, "GET", "/rooms/tea/messages", bearer="bot").json["messages"]
    draft = {"room": "#tea", "id": first["id"], "reason": "a secret"}
    assert admin(server, "POST", "/erase", draft).json == {"erased": 1}
    assert ask(server, "GET", "/rooms/tea/messages", bearer="bot").json["messages"] == [second]
    assert admin(server, "POST", "/erase", draft).status == 404
    assert admin(server, "POST", "/erase", {**draft, "room": "lobby", "id": second["id"]}).status == 404
    assert says(server)[0].startswith("token root overruled #tea: ")


def test_all_that_somebody_said_is_erased(server, bob):
    bob.send("PRIVMSG #tea :one\r\nPRIVMSG #lobby :two\r\nPING a\r\n")
    bob.until("PONG")
    give_token(server, "bot", "read")
    (one,) = ask(server, "GET", "/rooms/tea/messages", bearer="bot").json["messages"]
    bob.send("PRIVMSG #tea :three\r\nPING b\r\n")
    bob.until("PONG")
    ada = server.irc("carla")
    ada.send("PRIVMSG #lobby :mine\r\nPING a\r\n")
    ada.until("PONG")
    later = "2099-01-01T00:00:00.000Z"
    assert admin(server, "POST", "/erase", {"name": "bob", "since": later}).json == {"erased": 0}
    assert admin(server, "POST", "/erase", {"room": "lobby", "name": "Bob"}).json == {"erased": 1}
    assert admin(server, "POST", "/erase", {"name": "bob", "since": one["time"]}).json == {"erased": 2}
    assert ask(server, "GET", "/rooms/tea/messages", bearer="bot").json["messages"] == []
    (mine,) = ask(server, "GET", "/rooms/lobby/messages").json["messages"]
    assert mine["text"] == "mine"
    assert admin(server, "POST", "/erase", {"name": "bob", "since": "yesterday"}).status == 400


def test_what_was_said_in_a_room_that_is_closed_is_erased(server):
    give_token(server, "bot", "post", "read")
    said = [ask(server, "POST", f"/rooms/{room}/messages", "buy", "bot").json for room in ("a", "b", "b")]
    assert server.server.hub.chat.room_named("#b") is None
    assert admin(server, "POST", "/erase", {"room": "#B", "id": said[1]["id"]}).json == {"erased": 1}
    assert admin(server, "POST", "/erase", {"room": "#b", "id": said[1]["id"]}).status == 404
    assert admin(server, "POST", "/erase", {"room": "#b", "id": said[0]["id"]}).status == 404
    assert admin(server, "POST", "/erase", {"name": "bot"}).json == {"erased": 2}
    assert ask(server, "GET", "/rooms/b/messages", bearer="bot").json["messages"] == []
    assert [entry for entry in says(server) if entry.startswith("token root overruled #b")] != []


def test_the_audit_tells_what_the_console_did(server, bob):
    server.wait(server.server.hub.request(MakeInviteCode("#tea", "d" * 64)))
    server.wait(server.server.hub.request(Forget("bob", 1)))
    entries = admin(server, "GET", "/audit").json["entries"]
    assert [(entry["kind"], entry["by"]) for entry in entries] == [
        ("forgotten", "console"),
        ("killed", "console"),
        ("invite_code_made", "console"),
    ]


def test_the_audit_has_pages_and_filters(server, bob):
    for name in ("ada", "bob", "ada"):
        admin(server, "POST", "/ban", {"mask": f"{name}.example"})
    admin(server, "POST", "/disconnect", {"name": "bob"})
    whole = admin(server, "GET", "/audit").json
    assert [entry["kind"] for entry in whole["entries"]] == ["killed", *["server_ban"] * 3]
    assert {entry["by"] for entry in whole["entries"]} == {"token root"}
    assert whole["next"] == ""
    first = admin(server, "GET", "/audit?limit=3").json
    rest = admin(server, "GET", f"/audit?limit=3&before={first['next']}").json
    assert first["entries"] + rest["entries"] == whole["entries"]
    assert rest["next"] == ""
    kinds = admin(server, "GET", "/audit?kind=killed").json["entries"]
    assert kinds == whole["entries"][:1]
    assert len(admin(server, "GET", "/audit?text=ADA.example").json["entries"]) == 2
    newest = whole["entries"][0]["time"]  # to the millisecond: others may have it too
    since = [entry for entry in whole["entries"] if entry["time"] == newest]
    assert admin(server, "GET", f"/audit?since={newest}").json["entries"] == since
    assert admin(server, "GET", "/audit?before=x").status == 404
    assert admin(server, "GET", "/audit?since=x").status == 400


def test_a_filter_looks_through_a_part_at_a_time(server, monkeypatch):
    monkeypatch.setattr(administration, "_LOOKED_THROUGH", 2)
    for mask in ("a.b", "c.d", "e.f"):
        admin(server, "POST", "/ban", {"mask": mask})
    first = admin(server, "GET", "/audit?text=a.b").json
    assert first["entries"] == []
    (found,) = admin(server, "GET", f"/audit?text=a.b&before={first['next']}").json["entries"]
    assert "a.b" in found["says"]


def test_networks_that_limits_concern():
    with serving() as server:
        give_token(server, "root", "admin")
        server.person("bob")
        told = admin(server, "GET", "/limits").json
        assert told["networks"] == [{"network": "127.0.0.1", "connections": 2, "people": 1, "wait": 0.0}]
        assert told["refused"] == []
        for _ in range(10):
            assert admin(server, "GET", "/limits", bearer="wrong").status == 401
        assert admin(server, "GET", "/limits", bearer="wrong").status == 429
        (refused,) = admin(server, "GET", "/limits").json["refused"]
        assert (refused["network"], refused["what"]) == ("127.0.0.1", "tokens")
        assert 0 < refused["seconds"] <= 30
        assert "token root looked which networks hit limits" in says(server)


def test_limits_that_were_hit(server):
    server.server.context.budgets.hits["connections"] += 2
    answer = admin(server, "GET", "/limits").json
    counts = {one["limit"]: one["count"] for one in answer["limits"]}
    assert counts == {"lines": 0, "connections": 2, "server_full": 0, "guests": 0, "slow_readers": 0}
    assert answer["since"].endswith("Z")


def test_no_secret_is_in_the_audit(server, bob):
    made = TokenMade("named", digest_of("act_secret"), ("*",), ("admin",), 0)
    server.call(server.server.hub.declare, [made])
    admin(server, "GET", "/people", bearer="act_secret")
    _, key = operator(server)
    admin(server, "POST", "/kick", {"room": "tea", "name": "bob"}, key)
    told = admin(server, "GET", "/audit").body.decode()
    assert "overruled" in told
    assert "token named listed" in told
    assert "act_secret" not in told
    assert key not in told
    assert digest_of("act_secret") not in told


def test_an_operator_asks_with_the_key_of_its_session(server, bob):
    olga, key = operator(server)
    assert admin(server, "POST", "/kick", {"room": "tea", "name": "bob"}, key).status == 204
    bob.until(":olga!olga@localhost KICK #tea bob")
    assert says(server, key)[0].startswith("olga!olga@localhost (127.0.0.1) overruled #tea")
    found = {one["name"]: one for one in admin(server, "GET", "/people", bearer=key).json["people"]}
    assert found["olga"]["operator"]
    olga.send("MODE olga -o\r\n")
    olga.until("-o\r\n")
    assert admin(server, "GET", "/people", bearer=key).status == 403
    olga.send("QUIT\r\n")
    olga.rest()
    assert admin(server, "GET", "/people", bearer=key).status == 401


def test_an_operator_sees_in_its_session_what_it_did_over_http(server, bob):
    olga, key = operator(server)
    olga.send("JOIN #tea\r\n")
    olga.until(" 366 ")
    admin(server, "POST", "/kick", {"room": "tea", "name": "bob"}, key)
    olga.until(":olga!olga@localhost KICK #tea bob")


def test_a_link_of_a_session_is_no_key(server):
    operator(server)
    person_id, session_id = server.call(ids_of, server, "olga")
    mark = server.server.app.previews.link(person_id, session_id).rpartition("/")[2]
    assert admin(server, "GET", "/people", bearer=f"asession_{mark}").status == 401
    assert ask(server, "GET", "/rooms", bearer="asession_1-1-00").status == 401


def test_an_operator_asks_with_the_login_token_of_its_account(server, bob):
    olga, _ = operator(server)
    give_login(server, "Olga")
    assert admin(server, "GET", "/people", bearer="aclogin_x").status == 403
    me = server.server.hub.chat.person_named("olga")
    server.call(server.server.hub.declare, [LoggedIn(me, with_account(me, "Olga"))])
    assert admin(server, "POST", "/disconnect", {"name": "bob"}, "aclogin_x").status == 204
    olga.send("QUIT\r\n")
    olga.rest()
    assert admin(server, "GET", "/people", bearer="aclogin_x").status == 403


@pytest.mark.parametrize(("headers", "status"), [({}, 403), ({"X_Forwarded_Proto": "https"}, 200)])
def test_no_secret_comes_over_a_connection_that_others_hear(headers, status):
    with serving(limits=False, trusted_proxies=("127.0.0.1",)) as server:
        give_token(server, "root", "admin")
        _, key = operator(server)
        for bearer in ("root", key):
            answer = ask(server, "GET", "/admin/people", bearer=bearer, X_Forwarded_For="8.8.8.8", **headers)
            assert (answer.status, "not encrypted" in answer.body.decode()) == (status, status == 403)


def test_a_revoked_token_administers_no_more(server, bob):
    server.call(server.server.hub.declare, [TokenRevoked("root", 0)])
    assert admin(server, "GET", "/people").status == 401
    assert server.server.hub.chat.programs == {}
