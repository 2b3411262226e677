"""HTTP on the chat's port: the page, how to join, and the way to IRC over WebSocket."""
