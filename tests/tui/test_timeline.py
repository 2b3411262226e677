"""The colours of the timeline."""

import asyncio
from datetime import UTC, datetime

import pytest
from textual.app import App, ComposeResult
from textual.color import Color

from asyncchat.client.events import Message
from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.layout import NICK_COLOURS
from asyncchat.tui.timeline import CONTRAST, Timeline, contrast


class One(App[None]):
    """A timeline alone."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.timeline = Timeline(conversation)

    def compose(self) -> ComposeResult:
        yield self.timeline


def test_all_can_be_read_in_every_theme():
    async def scene() -> None:
        app = One(Conversation("#tea"))
        async with app.run_test() as pilot:
            for theme in app.available_themes.values():
                app.theme = theme.name
                await pilot.pause()
                if theme.ansi:
                    continue
                background = app.timeline.background_colors[1]
                names = [name.removeprefix("timeline--") for name in Timeline.COMPONENT_CLASSES]
                names = [*(f"nick{n}" for n in range(NICK_COLOURS)), *names]
                for name in names:
                    style = app.timeline._named_style(name)
                    if name != "selected" and style.color is not None:
                        found = contrast(Color.from_rich_color(style.color), background)
                        assert found >= CONTRAST - 0.1, (theme.name, name, found)

    asyncio.run(scene())


@pytest.mark.parametrize("count", [3, 500])
def test_mouse_and_keys_select_messages(count):
    async def scene() -> None:
        conversation = Conversation("#tea")
        for number in range(count):
            time = datetime(2026, 1, 1, tzinfo=UTC)
            conversation.add(Said(Message(f"e-{number}", time, "#tea", "bob", f"line {number}")))
        app = One(conversation)
        async with app.run_test(size=(60, 12)) as pilot:
            timeline = app.timeline
            await pilot.click(Timeline, offset=(10, 11))
            assert timeline.selected is conversation.entries[-1]
            await pilot.press("up")
            assert timeline.selected is conversation.entries[-2]
            await pilot.press("home", "end")
            assert timeline.is_at_end
            timeline.scroll_relative(y=-5, animate=False, force=True)
            await pilot.pause()
            assert timeline.is_at_end is (count < 12)
            timeline.unselect()
            assert timeline.selected is None

    asyncio.run(scene())
