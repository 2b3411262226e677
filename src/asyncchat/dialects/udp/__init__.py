"""Chat over UDP: an ordered stream of lines in numbered datagrams, and bare lines for ``nc -u``.

See docs/udp.md, "What goes over the wire".
"""
