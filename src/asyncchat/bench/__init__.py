"""The load generator, for our server and any other chat server.

One process with raw non-blocking sockets loads a server that runs in another process. It checks every
delivery and reports the processor time that the server used. It must not import the server.
"""
