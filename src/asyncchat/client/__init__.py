"""The clients: a thread with a socket, or an asyncio task, around the dialects; the terminal client on top.

Owns connections, time-outs and the resume; must not know the server.
"""
