"""Commands beside a server: what whoever runs it asks of its history, with or without a server that has it.

A request goes through the control socket to the server that holds the history's lock, and there to its hub
as any command does; without a server it takes the lock itself. Owns the requests, their wire and what is done
for each; must not know the server (its end of the socket is ``server.control``) nor the command line.

To add one: its value in ``requests``, a function and a line in a table of ``operations``.
"""
