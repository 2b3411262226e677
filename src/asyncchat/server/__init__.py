"""The server: listeners, sessions, the hub, the outbox and deliveries."""
