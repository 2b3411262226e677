"""The owner code and its file; the password and the operators of a configuration, over real sockets."""

import asyncio
import stat
from collections import Counter

import pytest

from asyncchat import Client, Message, PasswordNeeded
from asyncchat.config.options import Operator, ServeConfig
from asyncchat.config.passwords import Password, hashed
from asyncchat.server import auth
from asyncchat.server.hash_queue import HashQueue
from asyncchat.server.password_guard import PasswordGuard
from asyncchat.server.server_passwords import OwnerCode, ServerPasswords
from tests.server.harness import PATIENCE, serving

PASSWORD = "open sesame"  # noqa: S105
NAME = "Welcome! Enter your name or nickname: "


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(auth, "WRONG_SECONDS", 0.0)


@pytest.fixture(params=["plain", "hashed"])
def server(request):
    stated = PASSWORD if request.param == "plain" else hashed(PASSWORD)
    with serving(password=stated) as running:
        yield running


@pytest.mark.usefixtures("prompted")
def test_plain(server):
    anna = server.connect()
    assert anna.until(": ") == "Password: "
    anna.send("no\n")
    assert anna.until("Password: ") == "That is not the password. Password: "
    anna.send(f"{PASSWORD}\n")
    assert anna.until("nickname: ") == NAME
    anna.send("anna\n")
    assert anna.line() == "Hello, anna!"


def test_the_third_wrong_one_closes(server):
    anna = server.connect()
    anna.send("1\n2\n3\n4\n")
    assert anna.rest().decode() == (
        "Password: That is not the password. Password: That is not the password. Password: \nwrong password\n"
    )
    assert server.people() == []


def test_one_line_posts(server):
    job = server.connect()
    job.send(f"{PASSWORD}\nci\nbuild failed\n")
    job.end_input()
    assert "Hello, ci!" in job.rest().decode()
    stranger = server.connect()
    stranger.send("wrong")
    stranger.end_input()
    assert stranger.rest().decode() == "Password: That is not the password. Password: "


@pytest.mark.usefixtures("prompted")
def test_unframed(server):
    anna = server.connect()
    assert anna.until(": ") == "Password: "
    anna.send(PASSWORD)
    assert anna.until("nickname: ") == NAME
    anna.send("anna")
    anna.until("Hello, anna!")


def test_who_ended_the_password_s_line_ends_the_name_s_too(server):
    anna = server.connect()
    anna.send(f"{PASSWORD}\nan")
    anna.until(NAME)
    anna.send("na\n")
    anna.until("Hello, anna!")


@pytest.mark.usefixtures("prompted")
def test_telnet_hides_it_though_it_speaks_after_the_prompt(server):
    anna = server.connect()
    anna.until("Password: ")
    anna.send(b"\xff\xfd\x03")
    anna.socket.settimeout(PATIENCE)
    while b"\xff\xfb\x01" not in anna.unread:
        anna.unread += anna.socket.recv(100)
    anna.unread = b""
    anna.send(b"\xff\xfd\x01" + PASSWORD.encode() + b"\r\n")
    while NAME.encode() not in anna.unread:
        anna.unread += anna.socket.recv(100)
    assert anna.unread == b"\xff\xfc\x01\r\n" + NAME.encode()


def test_irc(server):
    carol = server.connect()
    carol.send(f"PASS :{PASSWORD}\r\nNICK carol\r\nUSER c 0 * :c\r\n")
    carol.until(" 001 carol ")
    for before, text in (("", "This server asks"), ("PASS no\r\n", "Password incorrect")):
        stranger = server.connect()
        stranger.send(f"{before}NICK x\r\nUSER x 0 * :x\r\n")
        told = stranger.rest().decode()
        assert told.startswith(f":asyncchat.local 464 * :{text}")
        assert "\r\nERROR :Closing link: (*@localhost)" in told


def test_http_says_that_there_is_one(server):
    browser = server.connect()
    browser.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    told = browser.rest().decode()
    assert "A password is needed to join.\n" in told
    assert PASSWORD not in told


@pytest.mark.usefixtures("prompted")
def test_our_client(server):
    with Client(f"127.0.0.1:{server.port}", nick="bot", password=PASSWORD) as bot:
        anna = Client(f"127.0.0.1:{server.port}", nick="anna", password=PASSWORD)
        anna.say("#lobby", "hi")
        anna.close()
        assert next(event for event in bot if isinstance(event, Message)).text == "hi"
    for address in (f"127.0.0.1:{server.port}", f"plain://127.0.0.1:{server.port}"):
        with pytest.raises(PasswordNeeded) as wrong:
            Client(address, nick="bot", password="no")  # noqa: S106
        assert wrong.value.given
        with pytest.raises(PasswordNeeded) as missing:
            Client(address, nick="bot")
        assert not missing.value.given
    with Client(f"plain://127.0.0.1:{server.port}", nick="bot", password=PASSWORD) as plain:
        assert plain.connected


def test_operators():
    operators = {
        "alice": Operator(hashed("secret")),
        "near": Operator("secret", ("127.*",)),
        "far": Operator("secret", ("10.*",)),
    }
    with serving(operators=operators) as server:
        carol = server.irc("carol")
        for line, code in (
            ("alice wrong", "464"),
            ("nobody secret", "464"),
            ("far secret", "491"),
            ("near secret", "381"),
            ("alice secret", "381"),
        ):
            carol.send(f"OPER {line}\r\n")
            carol.until(f" {code} ")
        assert server.call(lambda: server.server.hub.chat.owner_code_used) is False
        bob = server.person("bob")
        bob.send("/owner alice secret\n/topic ours\n")
        bob.until("ours")


def test_the_first_start_makes_the_code_and_later_ones_keep_it(tmp_path):
    database = tmp_path / "chat.db"
    code = OwnerCode.beside(database)
    file = tmp_path / "chat.db.owner"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == code.text + "\n"
    assert OwnerCode.beside(database).text == code.text


@pytest.mark.parametrize("spoilt", [b"", b"\n", b"abc\n", b"\xff\xfe\x00", b"--------\n"])
def test_a_file_without_a_code_is_made_anew(tmp_path, spoilt):
    file = tmp_path / "chat.db.owner"
    file.write_bytes(spoilt)
    code = OwnerCode.beside(tmp_path / "chat.db")
    assert file.read_text() == code.text + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_can_t_be_read_or_made_raises(tmp_path):
    (tmp_path / "chat.db.owner").mkdir()
    with pytest.raises(OSError, match="directory"):
        OwnerCode.beside(tmp_path / "chat.db")
    with pytest.raises(FileNotFoundError):
        OwnerCode.beside(tmp_path / "nowhere" / "chat.db")


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("7KQ2-M9XD", True),
        ("7kq2m9xd", True),
        (" 7kq2 m9xd ", True),
        ("7KQ2-M9XE", False),
        ("7KQ2-M9X", False),
        ("7KQ2-M9XDD", False),
        ("", False),
        ("Ж" * 8, False),
    ],
)
def test_case_and_dashes_don_t_matter(typed, right):
    assert OwnerCode("7KQ2-M9XD").verify(typed) is right


def test_each_code_is_another_that_can_be_read_out():
    codes = {OwnerCode.new().text for _ in range(100)}
    assert len(codes) == 100
    assert all(len(code) == 9 and code[4] == "-" for code in codes)
    assert not set("01OILU") & set("".join(codes))


@pytest.mark.usefixtures("prompted")
def test_wrong_ones_are_counted_by_network_and_told(server):
    guard = server.server.auth.guard
    server.call(lambda: [guard.record_server_failure("127.0.0.1") for _ in range(20)])
    anna = server.connect()
    anna.until("Password: ")
    anna.send(f"{PASSWORD}\n")
    assert anna.until("Password: ").startswith("Too many wrong passwords came from your network: wait ")
    server.call(guard._server.networks.forget, "127.0.0.1")
    anna.send(f"{PASSWORD}\n")
    assert anna.until("nickname: ") == NAME


def test_wrong_ones_from_another_network_delay_a_right_one_by_a_hash_or_two():
    hashes = []

    class Slow(Password):
        def verify(self, typed):
            hashes.append(typed)
            return super().verify(typed)

    async def run():
        guard = PasswordGuard(lambda: 0.0)
        passwords = ServerPasswords(ServeConfig(password=hashed(PASSWORD)), guard.queue)
        passwords._password = Slow(hashed(PASSWORD))
        wrong = [
            asyncio.create_task(passwords.verify_server("wrong", "192.0.2.1", guard)) for _ in range(200)
        ]
        await asyncio.sleep(0)
        assert await passwords.verify_server(PASSWORD, "198.51.100.1", guard)
        assert len(hashes) <= 3
        assert Counter(await asyncio.gather(*wrong)) == {False: 20, None: 180}

    asyncio.run(run())


@pytest.mark.parametrize(("name", "typed"), [("alice", "wrong"), ("nobody", "wrong"), ("nobody", PASSWORD)])
def test_an_operator_who_does_not_exist_takes_a_hash_too(name, typed):
    hashes = []

    class Counted(Password):
        def verify(self, typed):
            hashes.append(typed)
            return super().verify(typed)

    async def run():
        options = ServeConfig(operators={"alice": Operator(hashed(PASSWORD), account="anna")})
        passwords = ServerPasswords(options, HashQueue())
        alice = Counted(hashed(PASSWORD))
        passwords._operators["alice"] = (alice, options.operators["alice"])
        passwords._decoy = alice
        assert not await passwords.verify_operator(name, typed, "bob", "192.0.2.1")
        assert hashes == [typed]
        assert await passwords.verify_operator("alice", PASSWORD, "anna", "192.0.2.1")
        assert not await passwords.verify_operator("alice", PASSWORD, "bob", "192.0.2.1")

    asyncio.run(run())
