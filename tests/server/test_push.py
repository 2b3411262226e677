"""Web push, from WEBPUSH REGISTER to what the device reads, against a push service on loopback."""

import asyncio
import queue
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.features.webpush import Subscriptions
from asyncchat.core.people import NOBODY
from asyncchat.server import push
from asyncchat.server.push import _contact
from asyncchat.server.push_encryption import encoded
from asyncchat.server.recipients import SilentRecipient
from tests.server.harness import PATIENCE, serving
from tests.server.test_login_tokens import log_in, make

HERE = ("127.0.0.0/8",)


class PushService:
    """Takes pushes; answers with what ``answers`` says for a path, else 201."""

    def __init__(self):
        self.pushes: queue.Queue[tuple[str, dict[str, str], bytes]] = queue.Queue()
        self.answers: dict[str, int] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.pushes.put((self.path, dict(self.headers), body))  # before the server sends the next
                self.send_response(service.answers.get(self.path, 201))
                self.end_headers()

            def log_message(self, format, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Device:
    """A device with keys of its own, which reads what is pushed to it."""

    auth = bytes(range(16))

    def __init__(self, service, path="/a"):
        self.service = service
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.endpoint = service.base + path
        public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.keys = f"p256dh={encoded(public)};auth={encoded(self.auth)}"

    def subscribe(self, client):
        client.send(f"WEBPUSH REGISTER {self.endpoint} {self.keys}\r\n")
        assert " FAIL " not in client.until(self.endpoint)
        client.until("\n")

    def read(self):
        """The next line that is pushed."""
        _, _, body = self.service.pushes.get(timeout=PATIENCE)
        return http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        ).decode()


@pytest.fixture
def service():
    running = PushService()
    yield running
    running.close()


@pytest.fixture
def server():
    with serving(limits=False, outgoing_networks=HERE, name="chat.example.org") as running:
        yield running


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.0)


def found_in(text, pattern):
    found = re.search(pattern, text)
    assert found
    return found[1]


def owner(server, name="anna"):
    client = server.irc(name)
    client.send("REGISTER * * :tea at five\r\n")
    client.until("REGISTER SUCCESS")
    client.until("\n")
    return client


def settled(*clients):
    for client in clients:
        client.send("PING done\r\n")
        client.until("PONG chat.example.org :done\r\n")


def test_mentions_and_private_messages_are_pushed(server, service):
    anna, ben = owner(server), server.irc("ben")
    device = Device(service)
    device.subscribe(anna)
    for text in ("tea?", "banana and Hannah", "ANNA: tea?", "come, @anna", "(anna's)"):
        ben.send(f"PRIVMSG #lobby :{text}\r\n")
    read = [device.read() for _ in range(3)]
    assert [line.partition(" PRIVMSG ")[2] for line in read] == [
        "#lobby :ANNA: tea?", "#lobby :come, @anna", "#lobby :(anna's)",
    ]  # fmt: skip
    assert all(line.startswith(":ben!ben@") for line in read)
    ben.send(
        "NOTICE anna :by a program\r\nPRIVMSG anna :\x01VERSION\x01\r\nPRIVMSG anna :\x01ACTION waves\x01\r\n"
    )
    assert device.read().endswith("PRIVMSG anna :\x01ACTION waves\x01")
    anna.send("PRIVMSG #lobby :I am anna\r\nPRIVMSG ben :anna\r\nNICK Annie\r\n")
    anna.until(" NICK ")
    server.call(lambda: setattr(server.server.push, "_named_until", 0.0))
    ben.send("PRIVMSG #lobby :annie\r\n")
    assert device.read().endswith("#lobby :annie")


def test_a_push_has_what_services_ask_for_and_devices_can_use(server, service):
    anna, ben = owner(server), server.irc("ben")
    anna.send(
        "CAP REQ :message-tags server-time soju.im/webpush draft/multiline batch\r\nWEBPUSH VAPIDPUBKEY\r\n"
    )
    key = found_in(anna.until("VAPIDPUBKEY") + anna.line(), r"WEBPUSH VAPIDPUBKEY (\S+)")
    device = Device(service)
    device.subscribe(anna)
    ben.send("PRIVMSG anna :hello\r\n")
    path, headers, body = service.pushes.get(timeout=PATIENCE)
    assert path == "/a"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert (headers["TTL"], headers["Urgency"]) == ("86400", "high")
    assert re.fullmatch(rf"vapid t=[\w-]+\.[\w-]+\.[\w-]+, k={key}", headers["Authorization"])
    assert b"hello" not in body
    line = http_ece.decrypt(body, private_key=device.key, auth_secret=device.auth, version="aes128gcm")
    assert re.match(rb"@time=\S+Z;msgid=\S+ :ben!ben@\S+ PRIVMSG anna :hello$", line)


def test_who_has_read_it_is_not_told(server, service):
    anna, ben = owner(server), server.irc("ben")
    anna.send("CAP REQ :server-time message-tags draft/read-marker\r\n")
    device = Device(service)
    device.subscribe(anna)
    looking = server.wait(_gate(server))
    ben.send("PRIVMSG #lobby :anna: first\r\n")
    time = found_in(anna.until("first"), r"@time=([^;]+);\S* \S+ PRIVMSG #lobby :anna: first")
    anna.send(f"MARKREAD #lobby timestamp={time}\r\n")
    settled(anna)
    ben.send("PRIVMSG #lobby :anna: second\r\n")
    anna.until("second")
    anna.send("PRIVMSG #lobby :I see\r\n")
    settled(anna)
    ben.send("PRIVMSG #lobby :anna: third\r\n")
    anna.until("third")
    server.call(looking.set)
    assert device.read().endswith(":anna: third")


async def _gate(server):
    gate = asyncio.Event()
    server.server.push.wait = lambda _seconds: gate.wait()
    return gate


def test_others_have_turns_while_many_messages_are_looked_at(server, service, monkeypatch):
    anna, ben = owner(server), server.irc("ben")
    device = Device(service)
    device.subscribe(anna)
    said = [Record(number, number, Said("#lobby", NOBODY, f"nothing {number}")) for number in range(9)]
    monkeypatch.setattr(push, "SLICE_SECONDS", 0.0)

    async def turns():
        passes = 0
        looking = asyncio.create_task(server.server.push.look([(SilentRecipient(), said)]))
        while not looking.done():
            await asyncio.sleep(0)
            passes += 1
        return passes

    assert server.wait(turns()) > len(said)
    ben.send("PRIVMSG anna :hi\r\n")
    assert device.read().endswith(":hi")


def test_what_is_erased_meanwhile_is_not_told(server, service):
    anna, ben = owner(server), server.irc("ben")
    ben.send("CAP REQ :message-tags echo-message draft/message-redaction\r\n")
    device = Device(service)
    device.subscribe(anna)
    looking = server.wait(_gate(server))
    ben.send("PRIVMSG #lobby :anna: a mistake\r\n")
    id = found_in(ben.until("a mistake"), r"msgid=([^; ]+)\S* \S+ PRIVMSG #lobby :anna: a mistake")
    ben.send(f"REDACT #lobby {id}\r\nPRIVMSG #lobby :anna: right\r\n")
    ben.until("anna: right")
    server.call(looking.set)
    assert device.read().endswith(":anna: right")


def test_who_is_offline_and_always_on_is_told_at_once(server, service):
    anna, ben = owner(server), server.irc("ben")
    device = Device(service)
    device.subscribe(anna)
    anna.send("NS SET ALWAYSON ON\r\nQUIT\r\n")
    anna.rest()
    server.wait(_gate(server))
    ben.send("PRIVMSG #lobby :anna, are you there?\r\n")
    assert device.read().endswith(":anna, are you there?")


def test_what_the_account_chose_counts(server, service):
    anna, ben, carl = owner(server), server.irc("ben"), server.irc("carl")
    device = Device(service)
    device.subscribe(anna)
    anna.send("CAP REQ asyncchat/preferences\r\nJOIN #noise,#news\r\n")
    for choice in ("notify #Noise none", "notify carl none", "ignore dora on", "notify #News all"):
        anna.send(f"PREFERENCES {choice}\r\n")
    settled(anna)
    dora = server.irc("dora")
    ben.send("JOIN #other,#noise,#news\r\nPRIVMSG #other :anna\r\nPRIVMSG #noise :anna\r\n")
    carl.send("PRIVMSG anna :hi\r\n")
    dora.send("PRIVMSG #lobby :anna\r\nPRIVMSG anna :hi\r\n")
    settled(ben, carl, dora)
    server.call(lambda: setattr(server.server.push, "_named_until", 0.0))
    ben.send("PRIVMSG #news :to all\r\n")
    assert device.read().endswith("#news :to all")
    carl.send("PRIVMSG #lobby :anna, this one\r\n")
    assert device.read().endswith("this one")


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_removed(server, service, status):
    anna, ben = owner(server), server.irc("ben")
    gone, there = Device(service, "/gone"), Device(service, "/there")
    gone.subscribe(anna)
    there.subscribe(anna)
    service.answers["/gone"] = status
    for text in ("one", "two"):
        ben.send(f"PRIVMSG anna :{text}\r\n")
    paths = [service.pushes.get(timeout=PATIENCE)[0] for _ in range(3)]
    assert paths == ["/gone", "/there", "/there"]
    assert list(server.call(lambda: dict(Subscriptions.of(server.server.hub.chat).of_account("anna")))) == [
        there.endpoint
    ]


def test_a_service_that_fails_is_left_alone_for_a_while(server, service):
    anna, ben = owner(server), server.irc("ben")
    failing, there = Device(service, "/failing"), Device(service, "/there")
    failing.subscribe(anna)
    there.subscribe(anna)
    service.answers["/failing"] = 503
    for text in ("one", "two"):
        ben.send(f"PRIVMSG anna :{text}\r\n")
    assert [service.pushes.get(timeout=PATIENCE)[0] for _ in range(3)] == ["/failing", "/there", "/there"]


def test_one_is_told_of_so_many_messages_and_no_more(server, service, monkeypatch):
    monkeypatch.setattr(push, "MOST_A_MINUTE", 2)
    anna, ben = owner(server), server.irc("ben")
    bens = owner(server, "dora")
    device, other = Device(service), Device(service, "/b")
    device.subscribe(anna)
    other.subscribe(bens)
    ben.send("".join(f"PRIVMSG anna :{n}\r\n" for n in range(5)))
    assert [device.read()[-1] for _ in range(2)] == ["0", "1"]
    ben.send("PRIVMSG dora :x\r\n")
    assert other.read().endswith(":x")


def test_a_device_that_is_signed_out_is_told_no_more(server, service):
    anna, ben = owner(server), server.irc("ben")
    id, secret = make(anna)
    phone, _ = log_in(server, secret)
    phone.until(" 001 ")
    laptop, _ = log_in(server, "tea at five")
    laptop.until(" 001 ")
    mine, its = Device(service, "/mine"), Device(service, "/its")
    mine.subscribe(laptop)
    its.subscribe(phone)
    laptop.send(f"DEVICES REMOVE {id}\r\n")
    laptop.until("DEVICES REMOVE")
    ben.send("PRIVMSG anna :hi\r\n")
    assert mine.read().endswith(":hi")


REFUSED = [
    ("https://a.example/{long} {keys}", "INVALID_PARAMS"),
    ("ftp://127.0.0.1/ {keys}", "INVALID_PARAMS"),
    ("nonsense {keys}", "INVALID_PARAMS"),
    ("https://10.0.0.1/ {keys}", "private network"),
    ("https://localhost.invalid/ {keys}", "not found"),
    ("{here} p256dh=AAAA;auth={auth}", "P-256"),
    ("{here} p256dh={p256dh};auth=AAAA", "16 bytes"),
    ("{here} x", "P-256"),
]


def test_what_is_refused(server, service, monkeypatch):
    resolve = socket.getaddrinfo

    def nowhere(host, *more, **options):
        """Asks no name server, which may be slow or say anything."""
        if host.endswith((".example", ".invalid")):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    anna = owner(server)
    device = Device(service)
    p256dh, auth = re.findall(r"=([\w-]+)", device.keys)
    for given, why in REFUSED:
        words = given.format(
            keys=device.keys, here=device.endpoint, long="x" * 300, p256dh=p256dh, auth=auth
        ).replace("x" * 300, "x" * 260)
        anna.send(f"WEBPUSH REGISTER {words}\r\n")
        if "xxx" in words:
            assert "not found" in anna.until(" FAIL WEBPUSH ") + anna.line()
            continue
        assert why in anna.until(" FAIL WEBPUSH ") + anna.line()
    assert server.call(lambda: Subscriptions.of(server.server.hub.chat).by_account) == {}
    ben = server.irc("ben")
    ben.send(f"WEBPUSH REGISTER {device.endpoint} {device.keys}\r\n")
    assert "FAIL WEBPUSH ACCOUNT_REQUIRED" in ben.until("FAIL") + ben.line()


def test_http_is_for_services_of_networks_that_the_operator_lists(service):
    with serving(limits=False) as server:
        anna = owner(server)
        anna.send(f"WEBPUSH REGISTER {service.base}/a {Device(service).keys}\r\n")
        assert "private network" in anna.until(" FAIL WEBPUSH ") + anna.line()


def test_a_server_that_sends_none_offers_none():
    with serving(push=False) as server:
        anna = server.irc("anna")
        anna.send("CAP LS 302\r\nISUPPORT\r\nWEBPUSH VAPIDPUBKEY\r\n")
        told = anna.until("FAIL WEBPUSH FORBIDDEN")
        assert "draft/webpush" not in told
        assert "VAPID=" not in told


def test_whom_the_operator_of_a_push_service_asks():
    assert _contact("mailto:a@b.example", "x.example") == "mailto:a@b.example"
    assert _contact("a@b.example", "x.example") == "mailto:a@b.example"
    assert _contact("Anna, room 5", "x.example") == "https://x.example"
