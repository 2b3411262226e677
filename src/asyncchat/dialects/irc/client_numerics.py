"""Numerics of other servers, which ours never sends, by their common names."""

from typing import Final

RPL_YOURID: Final = "042"
ERR_NOCOLORSONCHAN: Final = "408"
"""ERR_NOSUCHSERVICE in RFC 2812."""
ERR_NOTOPLEVEL: Final = "413"
ERR_WILDTOPLEVEL: Final = "414"
ERR_NICKCOLLISION: Final = "436"
ERR_UNAVAILRESOURCE: Final = "437"
ERR_BADCHANNAME: Final = "479"
ERR_NONONREG: Final = "486"
ERR_SECUREONLYCHAN: Final = "489"
ERR_NOCTCP: Final = "492"
ERR_OWNMODE: Final = "494"
ERR_CANTSENDTOUSER: Final = "531"
ERR_TARGUMODEG: Final = "716"
ERR_NICKLOCKED: Final = "902"
