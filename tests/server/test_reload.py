"""Reloading over real sockets: what a running server takes over, and what it says it does not."""

import pytest

from asyncchat.config.sources import Sources
from asyncchat.log.base import RetentionPolicy
from asyncchat.log.memory import MemoryLog
from asyncchat.server.reload import SIGNAL, ServeError, read_motd
from tests.server.harness import CODE, serving


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chat.toml"
    path.write_text("")
    return path


@pytest.fixture
def server(file):
    flags = {"port": 0, "db": ":memory:"}
    with serving(sources=Sources(str(file), {}, flags)) as running:
        yield running


@pytest.fixture
def owner(server):
    owner = server.irc("boss")
    owner.send(f"OPER owner {CODE}\r\n")
    owner.until(" 381 ")
    owner.until("+o\r\n")
    return owner


@pytest.mark.usefixtures("prompted")
def test_what_can_be_is_taken_over_and_nobody_is_dropped(server, file, owner):
    anna = server.person("anna")
    owner.until("JOIN #lobby\r\n")
    (file.parent / "motd.txt").write_text("Be kind\n")
    file.write_text(
        """
        motd = "motd.txt"
        password = "open sesame"
        description = "Ours"
        listen = ["tcp://127.0.0.1:1"]
        name = "other.test"
        [operators.alice]
        password = "tea-for-two"
        [limits]
        burst = 7
        sessions = 3
        [rooms."#lobby"]
        topic = "Welcome"
        """
    )
    owner.send("REHASH\r\n")
    told = owner.until("Only a restart changes: ") + owner.line()
    assert f" 382 boss {file} :Rehashing\r\n" in told
    changed = "Changed: description, motd, password, limits.burst, limits.sessions, operators, rooms\r\n"
    assert changed in told
    assert told.endswith("Only a restart changes: listen, name")
    sessions = server.server.context.sessions
    assert server.call(lambda: [session.budget._own.rate.burst for session in sessions]) == [7, 7]
    assert owner.until("Welcome").endswith(":asyncchat.local TOPIC #lobby :Welcome")
    anna.until("Welcome\n")
    anna.send("/owner alice tea-for-two\n")
    anna.until("operator of every room")
    owner.send("MOTD\r\n")
    owner.until("- Be kind\r\n")
    carol = server.connect()
    assert carol.until(": ") == "Password: "
    full = server.connect()
    assert full.rest() == b"The chat is full. Try again later.\r\n"
    assert server.people() == ["anna", "boss"]


def test_other_processes_reload_too_after_a_person_and_not_after_a_signal(server, owner):
    shared = []
    server.server.reloader.share = lambda: shared.append(True)
    server.wait(server.server.reloader.reload(SIGNAL))
    assert shared == []
    owner.send("REHASH\r\n")
    owner.until(" 382 ")
    owner.until("Changed: ")
    assert shared == [True]


def test_a_changed_token_is_told_to_irc_clients(server, file, owner):
    carol = server.irc("carol")
    file.write_text('network = "Ours"')
    owner.send("REHASH\r\n")
    carol.until(":asyncchat.local 005 carol NETWORK=Ours :are supported by this server\r\n")


def test_a_motd_that_changed_alone_counts(server, file, owner):
    motd = file.parent / "motd.txt"
    motd.write_text("one\n")
    file.write_text('motd = "motd.txt"')
    owner.send("REHASH\r\nREHASH\r\n")
    owner.until("Changed: motd\r\n")
    owner.until("Changed: nothing\r\n")
    motd.write_text("two\n")
    owner.send("REHASH\r\n")
    owner.until("Changed: motd\r\n")


@pytest.mark.parametrize(
    ("text", "says"), [("lisen = 1", 'Unknown key "lisen" in '), ('motd = "none"', "can't be read")]
)
def test_what_is_wrong_changes_nothing(server, file, owner, text, says):
    file.write_text(f'password = "x-for-two"\n{text}')
    owner.send("REHASH\r\n")
    owner.until("Nothing changed: ")
    assert says in owner.line()
    server.person("anna")


def test_a_terminal_reads_on_when_what_is_offered_has_changed(file):
    sources = Sources(str(file), {}, {"port": 0, "db": ":memory:", "before_connect": True})
    with serving(sources=sources, before_connect=True) as server:
        anna = server.person("anna")
        file.write_text('password = "open sesame"')  # nobody makes an account before it any more
        anna.send(f"/owner {CODE}\n/reload\n")
        anna.until("Changed: password.\n")
        for _ in range(3):
            anna.send("/who\n")
            anna.until("(1): anna")


def test_only_an_operator_of_the_server_may(server):
    anna = server.person("anna")
    anna.send("/reload\n")
    assert anna.line() == "Only the owner and operators of the server may do that."


def test_without_sources_nothing_changes():
    with serving() as server:
        anna = server.person("anna")
        anna.send(f"/owner {CODE}\n/reload\n")
        anna.until("Changed: nothing.\n")


def test_a_topic_of_the_options_is_there_from_the_start(file):
    from asyncchat.core.features.room_defaults import RoomDefaults

    with serving(rooms={"#news": RoomDefaults("What is new", {"secret": True}, {"limit": "5"})}) as server:
        carol = server.irc("carol")
        carol.send("JOIN #news\r\n")
        carol.until(" 332 carol #news :What is new\r\n")
        carol.send("MODE #news\r\n")
        carol.until(" 324 carol #news +")
        assert carol.line() == "lnst 5"


def test_the_motd_is_a_file_of_text(tmp_path):
    assert read_motd("") is None
    (tmp_path / "motd").write_text("a\n\nb")
    assert read_motd(str(tmp_path / "motd")) == ("a", "", "b")
    with pytest.raises(ServeError, match="can't be read"):
        read_motd(str(tmp_path / "none"))


def test_how_long_the_history_is_kept_is_taken_over(file, tmp_path):
    kept: list[RetentionPolicy] = []

    class Noting(MemoryLog):
        def set_retention(self, policy: RetentionPolicy) -> None:
            kept.append(policy)
            super().set_retention(policy)

    with serving(
        Noting(), sources=Sources(str(file), {}, {"port": 0, "db": ":memory:"}), keep_days=30
    ) as server:
        file.write_text('[history]\nkeep_days = 7\nkeep_megabytes = 100\n[rooms."#Tea"]\nkeep_days = 1\n')
        owner = server.irc("boss")
        owner.send(f"OPER owner {CODE}\r\nREHASH\r\n")
        owner.until("Changed: ")
    assert kept == [RetentionPolicy(30, 2000), RetentionPolicy(7, 100, {"#tea": 1})]
