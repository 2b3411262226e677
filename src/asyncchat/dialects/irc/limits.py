"""The IRC dialect's own limits, each stated once: 005 advertises them, the commands keep them.

Those of names, rooms and texts are the core's.
"""

from typing import Final

USER_LENGTH: Final = 12
"""Longest user name (USERLEN): it goes before every message, beside a nick that may be long."""

REALNAME_BYTES: Final = 150
"""Longest real name: fits a WHOIS line beside the longest names."""

REASON_BYTES: Final = 255
"""Longest reason of a quit or a part, and away text (AWAYLEN): half a line."""

KICK_BYTES: Final = 200
"""Longest reason of a kick (KICKLEN): it stands beside an origin, a room and another name."""

TARGETS: Final = 4
"""Targets of one PRIVMSG or NOTICE (TARGMAX): a line must not become a mass mailing."""

KICKS: Final = 4
"""People one KICK puts out (TARGMAX)."""

CHANGES: Final = 12
"""Changes of modes in one line (MODES)."""

JOINS: Final = 50
"""Rooms of one JOIN or PART: what a line of common names holds (TARGMAX)."""

NAMED: Final = 4
"""Rooms of one NAMES (TARGMAX): each may be thousands of names."""

ELIST: Final = "CMNTU"
"""Kinds of conditions of LIST (ELIST): creation time, mask, negated mask, topic time, users."""

LISTED: Final = 50
"""Rooms that LIST takes by name (TARGMAX)."""

ASKED: Final = 5
"""Nicks of one USERHOST (RFC 2812, 4.8)."""

WATCHED: Final = 50
"""Nicks of one ISON: a line of common ones."""

WHOIS: Final = 4
"""Nicks of one WHOIS (TARGMAX): each is some ten lines."""

PAGE: Final = 200
"""Messages one CHATHISTORY gives (CHATHISTORY): 100 KB at the most, made in a millisecond or two."""
