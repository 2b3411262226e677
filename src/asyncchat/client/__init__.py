"""The threaded client: a socket and a thread around the dialects; the terminal app on top.

Owns connections, time-outs and the resume; no asyncio, and no server.
"""
