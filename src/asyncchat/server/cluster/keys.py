"""The keys of a cluster: what a server keeps beside its history is the same on all nodes.

Those of the first node are the cluster's. Owns how a node gets them, and what becomes of its own. Must not
know what they are for.
"""

import asyncio
import logging
from pathlib import Path

import msgspec

from asyncchat.cluster.stream import Stream
from asyncchat.log.base import LogError
from asyncchat.server.secret_file import is_key, kept_beside, new_key_text, read_beside, replace_beside
from asyncchat.server.server_passwords import is_code, new_code

_logger = logging.getLogger("asyncchat.cluster")

_NAME = "keys"

_SECRETS = {
    ".cloak": (is_key, new_key_text),
    ".secret": (is_key, new_key_text),
    ".push": (is_key, new_key_text),
    ".owner": (is_code, new_code),
}
"""By the ending of its file, what can be such a secret, and what makes one."""


async def share_keys(stream: Stream, database: Path) -> None:
    """Puts the keys of the cluster beside a node's history. Other ones that were there get another name.

    Raises:
        LogError: NATS does not give them, or has something else.
        OSError: a file can't be read or written.
    """
    kept = await stream.values.get(_NAME)
    if kept is None:
        own = await asyncio.to_thread(_own, database)
        kept = await stream.values.agree(_NAME, msgspec.json.encode(own))
    keys = _keys_in(kept)
    for path in await asyncio.to_thread(_take, database, keys):
        _logger.warning("The cluster has another key than this node had, which is kept as %s now", path)


def _own(database: Path) -> dict[str, str]:
    """For a thread: the node's own keys, made where there are none."""
    return {suffix: kept_beside(database, suffix, *secret) for suffix, secret in _SECRETS.items()}


def _take(database: Path, keys: dict[str, str]) -> list[Path]:
    """For a thread: puts keys beside a history; gives the new names of those that were others."""
    kept_aside = []
    for suffix, key in keys.items():
        if read_beside(database, suffix) != key:
            aside = replace_beside(database, suffix, key)
            if aside is not None:
                kept_aside.append(aside)
    return kept_aside


def _keys_in(kept: bytes) -> dict[str, str]:
    try:
        keys = msgspec.json.decode(kept, type=dict[str, str])
    except msgspec.MsgspecError:
        keys = {}
    if not all(is_secret(keys.get(suffix, "")) for suffix, (is_secret, _) in _SECRETS.items()):
        raise LogError(
            "The keys of this cluster in NATS are not valid, so somebody else has written there. Remove "
            "them, and start the node first that has the right ones beside its history"
        )
    return {suffix: keys[suffix] for suffix in _SECRETS}
