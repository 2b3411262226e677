"""HTTP on the chat's port: the page, how to join, the API, and the upgrade to IRC over WebSocket."""
