"""The threaded client: a socket and a thread around the dialects, with the terminal client on top.

Owns connections, time-outs and the resume; must not know asyncio or the server.
"""
