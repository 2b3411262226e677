"""/search as people type and read it."""

import msgspec
import pytest

from asyncchat.core.features.join import Join
from asyncchat.core.features.messages import Say
from asyncchat.core.features.search import CutShort, Search, SearchPage
from tests.dialects.plain_driver import NOW, SECOND, World

HOUR = 3600 * SECOND
DAY = 24 * HOUR
TEA = "[#tea] bob: failed the build"


@pytest.fixture
def world():
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    world.decide(bob, Join("#tea"))
    for who, room, text in (
        (anna, "#lobby", "The build failed"),
        (bob, "#lobby", "which build? the Tea build"),
        (bob, "#tea", "failed the build"),
        (anna, "#lobby", "Сборка упала"),
    ):
        world.decide(who, Say(room, text))
    for peer in world.peers.values():
        peer.sent.clear()
    return world


def of(world, name):
    return next(peer for peer in world.peers.values() if world.chat.people[peer.id].name == name)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("build", ["anna: The build failed", "bob: which build? the Tea build", TEA]),
        ("failed build", ["anna: The build failed", TEA]),
        ('"build failed"', ["anna: The build failed"]),
        ('"build failed', ["anna: The build failed"]),
        ("УПАЛА", ["anna: Сборка упала"]),
        ("build from:ANNA", ["anna: The build failed"]),
        ("from:bob", ["bob: which build? the Tea build", TEA]),
        ("build in:#tea", [TEA]),
        ("IN:tea build", [TEA]),
        ("build after:1h before:0m in:#lobby from:bob", ["bob: which build? the Tea build"]),
        ("build after:2026-11-22 before:2026-11-23 in:tea", [TEA]),
    ],
)  # fmt: skip
def test_what_is_found(world, typed, found):
    bob = of(world, "bob")
    assert bob.type(f"/search {typed}") == "".join(
        ["-- Sun 22 Nov 2026 (UTC) --\n", *(f"21:00 {line}\n" for line in found)]
    )


@pytest.mark.parametrize(
    "typed",
    ["nowhere", "build before:1h", "build before:2026-11-22", "build after:2026-11-23", "from:nobody"],
)
def test_nothing_is_found(world, typed):
    assert of(world, "bob").type(f"/search {typed}") == "-- nothing found --\n"


def test_a_quoted_filter_is_searched_for(world):
    bob = of(world, "bob")
    world.decide(bob, Say("#lobby", "say in:tea"))
    assert bob.type('/search "in:tea"').endswith("21:00 bob: say in:tea\n")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/search", "Usage: /search WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]\n"),
        ("/search x from:", "That is not a name: from:\n"),
        ("/search x in:", "That is not a room: in:\n"),
        ("/search x in:@", "That is not a room: in:@\n"),
        ("/search x with:", "That is not a name: with:\n"),
        ("/search x with:#tea", "That is not a name: with:#tea\n"),
        (
            "/search before:yesterday",
            "That is not a date like 2026-11-22 or a time like 30m, 2h or 7d: before:yesterday\n",
        ),
        (
            "/search after:2026-02-30 x",
            "That is not a date like 2026-11-22 or a time like 30m, 2h or 7d: after:2026-02-30\n",
        ),
        (
            "/search " + " ".join(f"w{n}" for n in range(17)),
            "Too many words to search for: the limit is 16.\n",
        ),
        ("/search x in:#tea", "You are not in #tea: only rooms that you are in can be searched.\n"),
    ],
)
def test_misuse(world, typed, answer):
    assert of(world, "anna").type(typed) == answer


@pytest.mark.parametrize("filter", ["with:anna", "with:@anna", "in:@ANNA"])
def test_a_private_conversation(world, filter):
    bob, anna = of(world, "bob"), of(world, "anna")
    world.decide(anna, Say("bob", "a private build"))
    bob.sent.clear()
    assert bob.type(f"/search build {filter}") == (
        "-- Sun 22 Nov 2026 (UTC) --\n21:00 [private] anna: a private build\n"
    )


def test_it_goes_on_page_by_page(world):
    bob = of(world, "bob")
    for number in range(1, 71):
        world.decide(bob, Say("#lobby", f"line {number}"))
    page = bob.type("/search line").splitlines()
    assert (page[1], page[-2], page[-1]) == (
        "21:00 bob: line 41",
        "21:00 bob: line 70",
        "-- more: /search --",
    )
    page = bob.type("/search").splitlines()
    assert (page[1], page[-2]) == ("21:00 bob: line 11", "21:00 bob: line 40")
    page = bob.type("/search").splitlines()
    assert (page[1], page[-1]) == ("21:00 bob: line 1", "21:00 bob: line 10")
    assert bob.type("/search").startswith("Usage: /search")


def test_a_search_that_took_too_long_says_how_far_it_came(world):
    bob = of(world, "bob")
    world.search = lambda _peer, asked: [SearchPage((), 7, NOW - DAY, asked.context)]
    assert bob.type("/search needle") == (
        "-- nothing found back to Sat 21 Nov 2026 21:00 UTC; further back: /search --\n"
    )
    bob.type("/search")
    asked = bob.asked[-1]
    assert isinstance(asked, Search)
    assert (asked.terms, asked.window.before) == (("needle",), 7)


def test_a_search_that_found_something_before_its_time_was_over(world):
    bob = of(world, "bob")
    world.search = lambda _peer, asked: [
        SearchPage((world.records[-1],), 7, NOW - DAY, asked.context, cut_short=CutShort.TIMEOUT)
    ]
    assert bob.type("/search needle").splitlines()[1:] == [
        "21:00 anna: Сборка упала",
        "-- nothing more back to Sat 21 Nov 2026 21:00 UTC; further back: /search --",
    ]


def test_a_search_while_the_index_is_being_made(world):
    bob = of(world, "bob")
    back_to = "back to Sat 21 Nov 2026 21:00 UTC (the search's index is being made); further back: /search --"
    for records, said in (((), "nothing found"), ((world.records[-1],), "nothing more")):
        page = SearchPage(records, 7, NOW - DAY, None, cut_short=CutShort.INDEXING)
        world.search = lambda _peer, asked, page=page: [msgspec.structs.replace(page, context=asked.context)]
        assert bob.type("/search needle").splitlines()[-1] == f"-- {said} {back_to}"


def test_a_page_that_is_full_has_more(world):
    bob = of(world, "bob")
    world.search = lambda _peer, asked: [
        SearchPage((world.records[-1],), 7, NOW - DAY, asked.context, cut_short=CutShort.FULL)
    ]
    assert bob.type("/search needle").splitlines()[-1] == "-- more: /search --"


def test_a_search_that_can_not_be_run(world):
    world.searchable = False
    assert of(world, "bob").type("/search x") == "The search could not be run just now. Try again soon.\n"
