"""Commands for whoever runs a server, such as ``asyncchat account``, beside a running server or without one.

A request goes through the control socket to the server that holds the history's lock, and there to its hub
like any command. Without a server, the process takes the lock itself. Owns the requests, their wire format
and what is done for each. Must not know the server (it has its own end: ``server.control_socket``) nor the
command line.

To add one: see ``operations``.
"""
