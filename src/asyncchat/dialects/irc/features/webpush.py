"""Web push: WEBPUSH, by which a client is told of mentions and private messages while it is not connected.

The draft of IRCv3 (``draft/webpush``) and soju's extension are the same but for the name of the capability
and how the key is told; Goguma and others know the latter.
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import webpush
from asyncchat.dialects.base import ServerInfo, Way
from asyncchat.dialects.irc.capabilities import capability, changing, named, token
from asyncchat.dialects.irc.features.accounts import FailPurpose
from asyncchat.dialects.irc.registry import FAILURES, command, reply
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message, parse_tags


def _offered(server: ServerInfo, _way: Way) -> str | None:
    return "" if server.push_key else None


capability("draft/webpush", "extensions/webpush", value=_offered)
capability("soju.im/webpush", "https://soju.im/webpush", value=_offered)
token("VAPID", lambda server: server.push_key or None)


@command(
    "WEBPUSH REGISTER <endpoint> <keys> | UNREGISTER <endpoint> | VAPIDPUBKEY",
    "Has mentions and private messages sent to a push service while you do not read them, for your account.",
    least=1,
)
def _webpush(session: IrcSession, message: Message) -> Sequence[Command]:
    word, endpoint, keys = message.param(0).upper(), message.param(1), message.param(2)
    key = session.context.server.push_key
    if not key:
        text = "This server sends no pushes"
        return [session.fail_answer("WEBPUSH", "FORBIDDEN", middle(word), text=text)]
    if word == "VAPIDPUBKEY":
        return [DialectReply(line(f":{session.context.name} WEBPUSH VAPIDPUBKEY {key}"))]
    if word == "REGISTER" and endpoint and keys:
        given = dict(parse_tags(keys))
        caps = tuple(named(session.caps_in & changing()))
        wanted = webpush.Subscription(endpoint, given.get("p256dh", ""), given.get("auth", ""), caps)
        return [webpush.Subscribe(wanted, FailPurpose("WEBPUSH"))]
    if word == "UNREGISTER" and endpoint:
        return [webpush.Unsubscribe(endpoint)]
    text = "WEBPUSH REGISTER <endpoint> <keys>, WEBPUSH UNREGISTER <endpoint>, WEBPUSH VAPIDPUBKEY"
    return [session.fail_answer("WEBPUSH", "INVALID_PARAMS", middle(word), middle(endpoint), text=text)]


@reply(webpush.DeviceSubscribed)
def _subscribed(session: IrcSession, done: webpush.DeviceSubscribed) -> bytes:
    return line(f":{session.context.name} WEBPUSH REGISTER {middle(done.endpoint)}")


@reply(webpush.DeviceUnsubscribed)
def _unsubscribed(session: IrcSession, done: webpush.DeviceUnsubscribed) -> bytes:
    return line(f":{session.context.name} WEBPUSH UNREGISTER {middle(done.endpoint)}")


FAILURES.put(
    webpush.PushRefused,
    lambda r: ("WEBPUSH", "INVALID_PARAMS", ("REGISTER", middle(r.endpoint)), r.fault.text),
)
