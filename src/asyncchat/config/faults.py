"""Why the value of an option is not valid, where its type does not say it.

Each function returns the reason, or ''. Must not know which options there are.
"""

import importlib.util
import re
from ipaddress import ip_network

from asyncchat.config.origins import origins_fault
from asyncchat.core.text import size

DESCRIPTION_BYTES = 150
"""Longest description: fits a line of WHOIS beside the longest names."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
"""A server's name: labels with dots between them (RFC 2812, 2.3.1, "hostname")."""


def name_fault(name: str) -> str:
    """Why a server can't have this name, or ''."""
    if len(name) <= 63 and _NAME.fullmatch(name):
        return ""
    return (
        "it can have only letters, digits, dots and dashes, at most 63, and each part begins and ends with a "
        "letter or a digit"
    )


def undotted(name: str) -> str:
    """Why a server's name is valid and yet not wise, or ''."""
    if "." in name:
        return ""
    return f"The name {name} has no dot: IRC clients may take it for a person; {name}.example.org has one"


def description_fault(text: str) -> str:
    """Why a text is no short description, or ''."""
    if not text.isprintable():
        return "it has a control character"
    return f"it is longer than {DESCRIPTION_BYTES} bytes" if size(text) > DESCRIPTION_BYTES else ""


def network_name_fault(text: str) -> str:
    """Why a network can't be called so, or ''."""
    return description_fault(text) or ("it is longer than 60 bytes" if size(text) > 60 else "")


def icon_fault(url: str) -> str:
    """Why this is not the URL of a picture, or ''."""
    if url and not (url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()):
        return "it does not begin with https://"
    if " " in url or len(url) > 200:
        return "it has spaces or more than 200 characters"
    return ""


def url_fault(url: str) -> str:
    """Why this is not the address of a server, or ''."""
    if not url:
        return ""
    return origins_fault((url,))


def base_path_fault(path: str) -> str:
    """Why the page can't be below this path, or ''."""
    if not path or re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)+", path):
        return ""
    return "it is no path such as /chat: it begins with / and does not end with one"


def unix_accounts_fault(stated: tuple[str, ...]) -> str:
    """Why one of these names no user and account, or ''."""
    for one in stated:
        user, equals, account = one.partition("=")
        if not user or (equals and not account) or " " in one:
            return f"{one!r} is neither USER nor USER=ACCOUNT"
    return ""


def tags_fault(tags: tuple[str, ...]) -> str:
    """Why these can't be the tags that are not passed on, or ''."""
    every = tags[:1] == ("*",)
    for tag in tags[every:]:
        name = tag.removeprefix("-") if every else tag
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*(/[A-Za-z0-9-]+)?", name):
            return (
                f"{tag} is no tag such as typing or example.org/tag; only behind * may be one such as -typing"
            )
    return "they are longer than 300 letters" if len(",".join(tags)) > 300 else ""


def networks_fault(networks: tuple[str, ...]) -> str:
    """Why one of these is not a network, or ''."""
    for network in networks:
        try:
            ip_network(network, strict=False)
        except ValueError:
            return f"{network} is neither an address nor a network such as 10.0.0.0/8"
    return ""


def proxies_fault(networks: tuple[str, ...]) -> str:
    """Why one of these is neither a network nor ``unix``, or ''."""
    return networks_fault(tuple(network for network in networks if network != "unix"))


def push_fault(push: bool) -> str:
    """Why pushes can't be sent."""
    if push and importlib.util.find_spec("cryptography") is None:
        return "a library is missing: pip install 'asyncchat[push]'"
    return ""
