"""A node of a cluster, and its hub. What they say goes by ``asyncchat.cluster``."""
