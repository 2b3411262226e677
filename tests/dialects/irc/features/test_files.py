"""Where clients upload files: soju.im/FILEHOST."""

from tests.dialects.irc.conftest import Server


def tokens(peer, command="ISUPPORT"):
    return " ".join(peer.send(command)).split(" ")


def test_each_session_has_a_link_of_its_own():
    server = Server(file_bytes=1000)
    server.irc.upload_link = lambda person, session, reached: f"{reached}/upload/{person}-{session}-x"
    a = server.person("a")
    b = server.person("b")
    links = [next(one for one in tokens(peer) if "FILEHOST" in one) for peer in (a, b)]
    assert links == [f"soju.im/FILEHOST=/upload/{n}-{n}-x" for n in (1, 2)]
    assert "asyncchat/FILESIZE=1000" in tokens(a)
    peer = server.connect()
    peer.send("CAP REQ :draft/extended-isupport")
    assert "FILEHOST" not in " ".join(tokens(peer))  # nobody knows yet who that is


def test_without_uploads_there_is_none():
    told = " ".join(tokens(Server().person("a")))
    assert "FILEHOST" not in told
    assert "FILESIZE" not in told
