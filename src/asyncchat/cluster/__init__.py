"""Several nodes that are one chat: the log is a stream of NATS JetStream. Needs ``asyncchat[cluster]``."""
