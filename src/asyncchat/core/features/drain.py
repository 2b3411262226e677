"""Drain: a node of a cluster is taken out of service, and its people go on at other nodes.

Owns what they are told of it; ``server.drain`` asks them to go.
"""

from asyncchat.core.replies import Reply


class Draining(Reply, frozen=True):
    """Within so many seconds the connection ends: this server is taken out of service, others go on."""

    seconds: int
