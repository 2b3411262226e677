"""The HTTP API for programs, under ``/api/v1``.

To add a route: its shapes in ``shapes``, a function and a line in a table of its family's module. The OpenAPI
document is made of those tables.
"""
