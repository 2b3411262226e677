"""The hub of a cluster is not heard: nothing is decided until it is, or another node is the hub.

Owns what those are told who wait for that; ``server.cluster`` notices it.
"""

from asyncchat.core.replies import Reply


class HubSilent(Reply, frozen=True):
    """What was asked last waits until there is a hub again."""
