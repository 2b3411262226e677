"""What Tab completes."""

import pytest

from asyncchat.tui.completion import complete, usage


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("an", ("anna: ", "Andy: ")),
        ("hello an", ("anna ", "Andy ")),
        ("@bo", ("@bob: ",)),
        ("/kick b", ("bob ",)),
        ("/kick @b", ("bob ",)),
        ("see #t", ("#tea ", "#Tests ")),
        ("/jo", ("/join ",)),
        ("/topic", ("/topic ",)),
        ("/q", ("/msg ", "/quit ", "/raw ")),
        ("nobody", ()),
        ("hello ", ()),
        ("/kick ", ("anna ", "Andy ", "bob ")),
        ("", ("anna: ", "Andy: ", "bob: ")),
    ],
)
def test_completion(before, words):
    found = complete(before, ["anna"], ["Andy", "anna", "bob"][::-1], ["#Tests", "#tea", "#ci"])
    assert found.words == words
    assert before[: found.start] + before[found.start :] == before


def test_usage_is_shown_while_a_command_is_typed():
    assert usage("/kick bo").startswith("/kick NAME [REASON] · Removes a person")
    assert usage("/nonsense") == usage("//kick") == usage("kick") == ""


def test_a_name_is_completed_without_controls():
    assert complete("e", ["eve\x1b[2J"], [], []).words == ("eve: ",)
