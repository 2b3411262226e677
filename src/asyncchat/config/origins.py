"""Origins and hosts as URLs and HTTP write them: ``https://chat.example``, ``chat.example:8080``.

Owns the grammar; must not know which of them are allowed (``server.http.hosts``).
"""

import re

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@/?#,;\s]+)(?::(?P<port>\d{1,5})?)?", re.ASCII)

DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_authority(text: str) -> tuple[str, int | None] | None:
    """Host, in lower case, and port of ``HOST[:PORT]``; None if it is not valid."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    port = found["port"]
    if port and int(port) > 65_535:
        return None
    return found["host"].lower().rstrip("."), int(port) if port else None


def parse_origin(text: str) -> tuple[str, str, int]:
    """Scheme, host and port of an origin (RFC 6454).

    Raises:
        ValueError: it is not an origin.
    """
    scheme, separator, authority = text.partition("://")
    found = parse_authority(authority)
    if not separator or scheme.lower() not in DEFAULT_PORTS or found is None:
        raise ValueError(f"{text} is not an origin: use https://HOST or http://HOST:PORT")
    host, port = found
    return scheme.lower(), host, port or DEFAULT_PORTS[scheme.lower()]


def origins_fault(texts: tuple[str, ...]) -> str:
    """Why one of these is not an origin, or ''."""
    for text in texts:
        try:
            parse_origin(text)
        except ValueError as error:
            return str(error)
    return ""
