"""The load generator: an honest instrument for any chat server, ours or another's.

One process on raw non-blocking sockets loads a server that runs in a process of its own. It checks every
delivery and reports what the server's processor time was. It never imports the server.
"""
