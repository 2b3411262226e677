"""What operators of the server may do."""

from asyncchat.core import replies

SERVER = ":irc.test "


def test_rehash(server):
    a = server.person("a")
    assert a.send("REHASH", "PING x") == [
        SERVER + "481 a :Permission Denied- You're not an IRC operator",
        SERVER + "PONG irc.test :x",
    ]
    a.send("OPER owner 7KQ2-M9XD")
    assert a.send("REHASH", "PING x") == [
        SERVER + "382 a chat.toml :Rehashing",
        SERVER + "NOTICE a :Changed: motd, password",
        SERVER + "NOTICE a :Only a restart changes: listen",
        SERVER + "PONG irc.test :x",
    ]
    server.hub.reloaded = replies.Reloaded("", (), ())
    assert a.send("REHASH") == [SERVER + "382 a * :Rehashing", SERVER + "NOTICE a :Changed: nothing"]
    server.hub.reloaded = replies.NotReloaded("my chat.toml", "chat.toml is no TOML")
    assert a.send("REHASH", "PING x") == [
        SERVER + "382 a my_chat.toml :Rehashing",
        SERVER + "NOTICE a :Nothing changed: chat.toml is no TOML",
        SERVER + "PONG irc.test :x",
    ]
