"""File < environment < flags, and the one line that says what is wrong where."""

import sys
from pathlib import Path

import pytest

from asyncchat.config.options import Operator, ServeConfig
from asyncchat.config.passwords import hashed
from asyncchat.config.sources import ConfigError, ConfigUnreadable, Sources, exposed
from asyncchat.core.features.room_defaults import RoomDefaults


@pytest.fixture
def file(tmp_path):
    """Loads a configuration file with this text, beside variables and flags."""

    def load(text="", /, *, flags=None, **environment):
        path = tmp_path / "chat.toml"
        path.write_text(text, encoding="utf-8")
        return Sources(str(path), environment, flags or {}).load()

    return load


def test_nothing_stated_is_the_defaults():
    effective = Sources(None, {}, {}).load()
    assert effective.config == ServeConfig()
    assert (effective.origins, effective.file) == ({}, "")


def test_all_that_a_file_can_hold(file, tmp_path):
    stated = hashed("x")
    effective = file(
        f"""
        name = "chat.example.org"
        description = "Ours"
        password = "tea-for-two"
        motd = "motd.txt"
        listen = ["unix:///run/chat.sock"]
        db = "chat.db"
        log_level = "debug"
        port = 7000
        [operators.alice]
        password = "{stated}"
        hosts = ["127.*"]
        [limits]
        burst = 5
        rate = 2
        flood_control = false
        [history]
        durable = "power"
        newcomers = 3
        [rooms."#news"]
        topic = "What is new"
        moderated = true
        topic-locked = false
        secret = false
        limit = 50
        key = "k"
        """
    )
    assert effective.config == ServeConfig(
        name="chat.example.org",
        description="Ours",
        password="tea-for-two",  # noqa: S106
        motd=str(tmp_path / "motd.txt"),
        listen=("unix:///run/chat.sock",),
        db=str(tmp_path / "chat.db"),
        log_level="debug",
        port=7000,
        operators={"alice": Operator(stated, ("127.*",))},
        limits=False,
        burst=5,
        rate=2.0,
        durable="power",
        newcomers=3,
        rooms={
            "#news": RoomDefaults(
                "What is new", {"topic-locked": False, "moderated": True}, {"key": "k", "limit": "50"}
            )
        },
    )
    assert effective.origins["burst"].endswith("chat.toml, line 14")


def test_what_comes_later_counts(file):
    text = 'name = "file"\nport = 1\nlog_level = "error"'
    effective = file(text, ASYNCCHAT_NAME="env", ASYNCCHAT_PORT="2", flags={"name": "flag"})
    config = effective.config
    assert (config.name, config.port, config.log_level) == ("flag", 2, "error")
    assert effective.origins["name"] == "--name"
    assert effective.origins["port"] == "$ASYNCCHAT_PORT"


def test_the_environment_holds_every_option():
    environment = {
        "ASYNCCHAT_LIMITS_BURST": "7",
        "ASYNCCHAT_LIMITS_RATE": "1.5",
        "ASYNCCHAT_HISTORY_KEEP": "false",
        "ASYNCCHAT_LAN": "1",
        "ASYNCCHAT_LISTEN": "tcp://127.0.0.1:1 tcp://127.0.0.1:2",
        "ASYNCCHAT_PASSWORD": "tea-for-two",
    }
    config = Sources(None, environment, {}).load().config
    assert (config.burst, config.rate, config.history, config.lan) == (7, 1.5, False, True)
    assert config.listen == ("tcp://127.0.0.1:1", "tcp://127.0.0.1:2")
    assert config.password == "tea-for-two"  # noqa: S105


def test_the_environment_may_name_the_file(tmp_path):
    path = tmp_path / "chat.toml"
    path.write_text("port = 5")
    sources = Sources(None, {"ASYNCCHAT_CONFIG": str(path)}, {})
    assert sources.load().config.port == 5
    assert sources.load().file == str(path)


def test_the_memory_is_no_path(file):
    assert file('db = ":memory:"').config.db == ":memory:"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('lisen = ["x"]', 'Unknown key "lisen" in FILE, line 1: did you mean "listen"?'),
        ("\n\n[limit]\nburst = 1", 'Unknown key "limit" in FILE, line 3: did you mean "limits"?'),
        ("[limits]\nbusrt = 1", 'Unknown key "limits.busrt" in FILE, line 2: did you mean "burst"?'),
        ("burst = 1", 'Unknown key "burst" in FILE, line 1: did you mean "limits.burst"?'),
        ("[nothing]\nx = 1", 'Unknown key "nothing" in FILE, line 1'),
        ("zzz = 1", 'Unknown key "zzz" in FILE, line 1'),
        (
            '[rooms."#a"]\ntopik = "x"',
            'Unknown key "rooms."#a".topik" in FILE, line 2: did you mean "topic"?',
        ),
        (
            '[operators.al]\npasword = "x"',
            'Unknown key "operators.al.pasword" in FILE, line 2: did you mean "password"?',
        ),
        ('port = "x"', "port in FILE, line 1: expected int, got str"),
        ("host = ''", "host in FILE, line 1: it is empty"),
        ("port = 70000", "port in FILE, line 1: expected int <= 65535"),
        ("\n[history]\ndurable = 'x'", "history.durable in FILE, line 3: it is none of process, power"),
        (
            "name = 'a b'",
            "name in FILE, line 1: it can have only letters, digits, dots and dashes, at most 63, "
            "and each part begins and ends with a letter or a digit",
        ),
        ("client_tag_deny = ['+a']", "client_tag_deny in FILE, line 1: +a is no tag such as typing or "),
        ("client_tag_deny = ['a', '*']", "client_tag_deny in FILE, line 1: * is no tag such as typing or "),
        ("password = 'scrypt:1'", "password in FILE, line 1: it begins like a hash but is not one; "),
        ("limits = 1", "limits in FILE, line 1: a table is expected"),
        ("operators = 1", "operators in FILE, line 1: a table is expected"),
        ("[operators]\nal = 1", "operators.al in FILE, line 2: a table is expected"),
        ("[operators.al]", "operators.al in FILE, line 1: an operator needs a password"),
        ("[operators.al]\npassword = ''", "operators.al in FILE, line 1: an operator needs a password"),
        ("[operators.Owner]\npassword = 'x'", "operators.Owner in FILE, line 1: “owner” is reserved for"),
        ("[rooms.news]\ntopic = 'x'", "rooms.news in FILE, line 1: a room can't be called news"),
        ("[rooms.'#a']\nsecret = 1", 'rooms."#a" in FILE, line 1: secret must be true or false'),
        ("[rooms.'#a']\nlimit = true", 'rooms."#a" in FILE, line 1: limit must be a text or a number'),
        ("[rooms.'#a']\nlimit = 0", 'rooms."#a" in FILE, line 1: limit: it must be a number from 1 to'),
        ("[rooms.'#a']\nkeep_days = true", 'rooms."#a" in FILE, line 1: keep_days must be a number of days'),
        ("[rooms.'#a']\ntopic = 1", 'rooms."#a" in FILE, line 1: the topic must be one line of at most'),
        ("lan = true\nhost = '::1'", "FILE, line 2 and FILE, line 1 exclude each other"),
        ("a = ", "FILE is not valid TOML: Invalid value (at end of document)"),
        ("description = 'a\\tb\tc'", "description in FILE, line 1: it has a control character"),
    ],
)
def test_what_is_wrong_is_one_line(file, tmp_path, text, says):
    with pytest.raises(ConfigError) as wrong:
        file(text)
    said = str(wrong.value).replace(str(tmp_path / "chat.toml"), "FILE")
    assert said.startswith(says)
    assert "\n" not in said
    if says.endswith("?"):
        assert said == says


def test_pushes_are_stated_without_the_library(file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)  # as if it were not installed
    says = "a library is missing: pip install 'asyncchat[push]'"
    with pytest.raises(ConfigError) as raised:
        file("[outgoing]\npush = true")
    assert str(raised.value) == f"outgoing.push in {tmp_path / 'chat.toml'}, line 2: {says}"
    with pytest.raises(ConfigError, match=r"\$ASYNCCHAT_OUTGOING_PUSH: "):
        file(ASYNCCHAT_OUTGOING_PUSH="true")
    assert not file("[outgoing]\npush = false").config.push
    file()  # who states nothing is told nothing, and the server does without


def test_what_is_wrong_elsewhere(file):
    with pytest.raises(ConfigError, match=r"^\$ASYNCCHAT_PORT: expected int, got str"):
        file(ASYNCCHAT_PORT="x")
    with pytest.raises(ConfigError, match=r"^--name: it can have only letters"):
        file(flags={"name": ""})


def test_a_later_source_decides_between_what_excludes_each_other(file):
    config = file("lan = true", flags={"host": "127.0.0.1"}).config
    assert (config.lan, config.host) == (False, "127.0.0.1")
    config = file("db = 'x'", ASYNCCHAT_HISTORY_KEEP="0").config
    assert (config.db, config.history) == ("", False)


def test_listeners_alone_are_all(file):
    assert file("listen = ['unix:///x']").config.host == ""
    assert file("listen = ['unix:///x']\nport = 5").config.host == "127.0.0.1"


def test_a_file_that_can_t_be_read(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigUnreadable, match=r"^The configuration .* can't be read: "):
            Sources(str(path), {}, {}).load()
    (tmp_path / "latin").write_bytes(b"name = '\xe9'")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        Sources(str(tmp_path / "latin"), {}, {}).load()


def test_the_documentation_s_file_is_in_order(file):
    page = Path(__file__).parents[2] / "docs" / "operating.md"
    if not page.exists():
        pytest.skip("without the tree there is no documentation")
    example = page.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    effective = file(example)
    assert {"name", "password", "operators", "rooms", "burst", "newcomers"} <= effective.origins.keys()


@pytest.mark.parametrize(
    ("text", "mode", "warned"),
    [
        ('password = "x-for-two"', 0o644, True),
        ('password = "x-for-two"', 0o640, True),
        ('password = "x-for-two"', 0o600, False),
        ('[operators.alice]\npassword = "x-for-two"', 0o644, True),
        pytest.param(f'password = "{hashed("x")}"', 0o644, False, id="hash"),
        ('name = "x"', 0o644, False),
    ],
)
def test_a_password_that_others_can_read_is_warned_of(tmp_path, text, mode, warned):
    file = tmp_path / "chat.toml"
    file.write_text(text)
    file.chmod(mode)
    warning = exposed(Sources(str(file), {}, {}).load())
    assert (f"chmod 600 {file}" in warning) is warned
    assert bool(warning) is warned
    # One that the environment states is not the file's.
    assert exposed(Sources(None, {"ASYNCCHAT_PASSWORD": "x-for-two"}, {}).load()) == ""
