"""The table: each option has one field, and its three names come of it."""

import msgspec

from asyncchat.cli.serve import command
from asyncchat.config.options import ServeConfig, table

ROWS = table()


def test_names_are_unique():
    for names in (
        [row.key for row in ROWS],
        [row.flag for row in ROWS if row.flag],
        [row.variable for row in ROWS if row.variable],
    ):
        assert len(set(names)) == len(names)


def test_each_field_is_an_option_and_each_flag_one_of_them():
    assert [row.field for row in ROWS] == list(ServeConfig.__struct_fields__)
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert flags == {row.flag for row in ROWS if row.flag} | {"--config"}


def test_each_default_is_one_that_could_be_stated():
    for row in ROWS:
        if row.variable:
            assert msgspec.convert(msgspec.to_builtins(row.default), row.type) == row.default
            assert row.option.check(row.default) == ""


def test_each_has_a_sentence_of_help():
    assert all(row.option.help.endswith((".", "…")) or "://" in row.option.help for row in ROWS)
