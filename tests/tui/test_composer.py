"""Typing: sending, lines, completion, and what was sent before."""

import asyncio

from textual import events
from textual.app import App, ComposeResult

from asyncchat.tui.completion import Completion, complete
from asyncchat.tui.composer import Composer


class One(App[None]):
    """A composer alone, and what it sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.completed: list[tuple[str, ...]] = []
        self.typed = 0

    def compose(self) -> ComposeResult:
        yield Composer(self.complete)

    def complete(self, before: str) -> Completion:
        return complete(before, [], ["anna", "andy"], ["#tea"])

    def on_composer_sent(self, event: Composer.Sent) -> None:
        self.sent.append(event.text)

    def on_composer_completed(self, event: Composer.Completed) -> None:
        self.completed.append(event.words)

    def on_composer_typed(self) -> None:
        self.typed += 1


def test_typing():
    async def scene() -> None:
        app = One()
        async with app.run_test() as pilot:
            composer = app.query_one(Composer)
            composer.focus()
            await pilot.press(*"one", "alt+enter", *"two", "enter", "enter")
            assert app.sent == ["one\ntwo"]
            assert composer.text == ""
            app.post_message(events.Paste("three\nfour\n"))
            await pilot.pause()
            await pilot.press("enter")
            assert app.sent[1:] == ["three\nfour\n"]
            await pilot.press(*"draft", "ctrl+up", "ctrl+up")
            assert composer.text == "one\ntwo"
            await pilot.press("ctrl+up", "ctrl+down")
            assert composer.text == "three\nfour\n"
            await pilot.press("ctrl+down", "ctrl+down")
            assert composer.text == "draft"
            assert app.typed

    asyncio.run(scene())


def test_tab_goes_through_the_words_that_fit():
    async def scene() -> None:
        app = One()
        async with app.run_test() as pilot:
            composer = app.query_one(Composer)
            composer.focus()
            await pilot.press(*"an", "tab")
            assert composer.text == "andy: "
            await pilot.press("tab")
            assert composer.text == "anna: "
            await pilot.press("shift+tab")
            assert composer.text == "andy: "
            assert app.completed == [("andy: ", "anna: ")] * 3
            await pilot.press(*"#t", "tab", "tab", *"x", "tab")
            assert composer.text == "andy: #tea x"

    asyncio.run(scene())
