"""Misuse of the command line: what was given can't be meant."""

import click


class Misuse(click.ClickException):
    """What was given can't be meant: one line, exit code 2."""

    exit_code = 2
