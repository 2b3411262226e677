"""The HTTP API for programs, under ``/api/v1``.

To add a route: its schemas in ``schemas``, then a function and a line in the table of its family's module.
The OpenAPI document is made from these tables.
"""
