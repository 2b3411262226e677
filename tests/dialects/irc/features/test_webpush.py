"""WEBPUSH: what a client is offered, asks and is told."""

from asyncchat.core.features.webpush import Subscribe, Subscription
from tests.dialects.irc.conftest import Server

KEY = "BAxyz"


def test_it_is_offered_under_both_names_with_its_key():
    server = Server(push_key=KEY)
    peer = server.person("anna", caps="draft/webpush soju.im/webpush message-tags")
    assert f"VAPID={KEY}" in " ".join(peer.send("ISUPPORT"))
    assert peer.send("WEBPUSH vapidpubkey") == [f":{server.irc.name} WEBPUSH VAPIDPUBKEY {KEY}"]
    assert "webpush" not in " ".join(Server().connect().send("CAP LS 302"))
    assert "FAIL WEBPUSH FORBIDDEN VAPIDPUBKEY" in Server().person("anna").send("WEBPUSH VAPIDPUBKEY")[0]


def test_what_is_asked():
    server = Server(push_key=KEY)
    peer = server.person("anna", caps="message-tags server-time")
    asked = peer.dialect.receive_data(b"WEBPUSH REGISTER https://p.example/1 p256dh=BA_-;auth=c2\\:\r\n")
    wanted = Subscription("https://p.example/1", "BA_-", "c2;", ("message-tags", "server-time"))
    assert [one.subscription for one in asked if isinstance(one, Subscribe)] == [wanted]
    told = peer.send("WEBPUSH UNREGISTER https://p.example/1")
    assert told[-1].endswith(" WEBPUSH UNREGISTER https://p.example/1")


def test_what_is_no_command():
    peer = Server(push_key=KEY).person("anna")
    for words in ("x", "REGISTER", "REGISTER https://a", "UNREGISTER"):
        assert " FAIL WEBPUSH INVALID_PARAMS " in peer.send(f"WEBPUSH {words}")[0]
    assert " 461 " in peer.send("WEBPUSH")[0]
