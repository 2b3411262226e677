"""The IRC dialect: tokens, numerics and capabilities for both sides, the server's side, the client's side."""
