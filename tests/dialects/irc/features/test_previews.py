"""Where the page asks for previews of links."""

from tests.dialects.irc.conftest import Server


def test_each_session_has_a_link_of_its_own():
    server = Server()
    server.irc.previews_link = lambda person, session: f"/previews/{person}-{session}-x"
    told = " ".join(server.person("a").send("ISUPPORT"))
    assert "asyncchat/PREVIEWS=/previews/1-1-x" in told
    assert "PREVIEWS" not in " ".join(Server().person("a").send("ISUPPORT"))
