"""The pictures of the page in docs/browser.md: ``python -m tests.page_pictures [FOLDER]`` makes them again.

Without a folder they replace those in docs/. ``--all`` makes each on a desktop and on a phone, light and
dark, to be looked at. ImageMagick, where it is there, makes them small; emoji need a font with them (Debian:
fonts-noto-color-emoji). CI does not run this.
"""

import argparse
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.server.harness import ServerThread, serving
from tests.web.conftest import CHROMIUM, Visits

DOCS = Path(__file__).parents[1] / "docs"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

TALK = (
    ("iris", "Good morning! Is the **release** still for today?"),
    ("jonas", "Yes. What is left:\n- the notes\n- one test on Windows\n- `make dist`"),
    ("olga", "The backup ran at 4, it took 12 min"),
    ("iris", "```py\ndef left(tasks):\n    return [one for one in tasks if not one.done]\n```"),
    ("jonas", "anna: do you take the notes?"),
)
NAMES = """announcements backend books budget build coffee design docs events frontend garden german help
hiring incidents infra kitchen legal lobby maths mobile monday music news office onboarding oncall ops parents
physics press random release research sales security space support travel weekend"""
ROOMS = NAMES.split()


BARS = "".join(
    f"<div style='flex:1;background:#3450e0;height:{height}%'></div>"
    for height in (18, 25, 31, 54, 47, 70, 92)
)
CHART = f"""<meta name="viewport" content="width=480">
<body style="margin:0;padding:14px 20px;background:#fff;color:#333;font:16px sans-serif">
Downloads of 2.3, by day<div style="display:flex;gap:14px;align-items:end;height:205px">{BARS}</div>"""


class Scene:
    """A server where people have talked, and the page of anna, who has an account there."""

    def __init__(self, visits: Visits, server: ServerThread, look: dict[str, Any], theme: str) -> None:
        self.others = {name: server.irc(name) for name in ("iris", "jonas", "olga")}
        for name, other in self.others.items():
            other.send("".join(f"JOIN #{room}\r\n" for room in ROOMS))
            other.until(f" 366 {name} #{ROOMS[-1]} ")
        self.page = visits.join(server.port, "anna", "/#release", color_scheme=theme, **look)
        self.others["iris"].send("TOPIC #release :Version 2.4, today at 16:00\r\nMODE #release +o anna\r\n")
        for name, text in TALK:
            self.say(name, text)
        self.is_phone = look is PHONE

    def say(self, name: str, text: str, room: str = "#release") -> None:
        """Somebody says a text of any number of lines."""
        other = self.others[name]
        other.send("CAP REQ :draft/multiline batch message-tags\r\n")
        lines = "".join(f"@batch=m PRIVMSG {room} :{line}\r\n" for line in text.split("\n"))
        other.send(f"BATCH +m draft/multiline {room}\r\n{lines}BATCH -m\r\nPING said\r\n")
        other.until("PONG")

    def last(self, text: str) -> Any:
        message = self.page.locator(".message", has_text=text).last
        message.wait_for()
        return message


def room(scene: Scene) -> None:
    """The room, with a reaction and a reply; others, and private talk."""
    page = scene.page
    join(page, ["backend", "coffee", "design", "incidents"])
    scene.say("iris", "Who is at the desk?", "#incidents")
    scene.others["olga"].send("PRIVMSG anna :lunch?\r\n")
    page.locator("#sidebar .room.unread", has_text="olga").wait_for(state="attached")
    scene.last("do you take").click(button="right")
    page.get_by_role("menuitem", name="Reply").click()
    page.locator("#composer textarea").fill("Yes, they are ready at noon")
    page.keyboard.press("Enter")
    scene.last("ready at noon")
    page.evaluate("""() => {
      const { chat } = asyncchat, room = chat.current;
      chat.react(room, room.messages.find(({ text }) => text.includes("backup")), "👍");
    }""")
    page.locator(".reaction").wait_for()
    dismiss(page)


def picker(scene: Scene) -> None:
    scene.last("do you take").click(button="right")
    scene.page.get_by_role("menuitem", name="React…").click()
    scene.page.locator(".picker section").nth(2).wait_for()


def paste(scene: Scene) -> None:
    lines = "\n".join(f"12:00:{number % 60:02} worker {number}: done" for number in range(300))
    scene.page.locator("#composer textarea").fill(lines)
    scene.page.keyboard.press("Enter")
    scene.page.get_by_role("dialog", name="A long text").wait_for()


def edit(scene: Scene) -> None:
    field = scene.page.locator("#composer textarea")
    field.fill("The notes are ready at non")
    field.press("Enter")
    scene.last("ready at non")
    field.press("ArrowUp")
    scene.page.get_by_text("Editing your message").wait_for()


def upload(scene: Scene) -> None:
    chart = scene.page.context.new_page()
    chart.set_viewport_size({"width": 480, "height": 270})
    chart.set_content(CHART)
    picture = Path(mkdtemp()) / "downloads.png"
    picture.write_bytes(chart.screenshot())
    chart.close()
    scene.page.locator("input[type=file]").set_input_files([picture])
    scene.page.locator(".picture, .file").last.wait_for()
    scene.say("olga", "Good, that is what the notes need")


def toasts(scene: Scene) -> None:
    """Somebody calls in another room, and somebody invites."""
    join(scene.page, ["incidents"])
    dismiss(scene.page)
    scene.page.wait_for_timeout(1100)  # of calls in one second the first is told
    scene.say("olga", "anna: the backup of today failed", "#incidents")
    scene.others["jonas"].send("JOIN #retro\r\nINVITE anna #retro\r\n")
    scene.page.locator(".toast").nth(1).wait_for()


def popup(scene: Scene) -> None:
    scene.page.locator("#composer textarea").press_sequentially("Thanks @")
    scene.page.locator(".suggestions li").first.wait_for()


def dismiss(page: Page) -> None:
    page.evaluate("document.getElementById('toasts').replaceChildren()")


def join(page: Page, names: list[str]) -> None:
    page.evaluate("(names) => names.forEach((name) => asyncchat.chat.open(`#${name}`))", names)
    page.evaluate("asyncchat.chat.open('#release')")
    while not page.evaluate("[...asyncchat.chat.rooms.values()].every((room) => room.joined)"):
        page.wait_for_timeout(50)


def rooms(scene: Scene) -> None:
    """Forty rooms, some with something unread that the list does not show."""
    page = scene.page
    join(page, ROOMS)
    for name in ("books", "incidents", "security", "support", "travel"):
        scene.say("jonas", "anything new?", f"#{name}")
    scene.others["olga"].send("PRIVMSG anna :lunch?\r\n")
    page.locator("#sidebar .room.unread", has_text="olga").wait_for(state="attached")
    dismiss(page)
    if scene.is_phone:
        page.get_by_role("button", name="Rooms").first.click()


def invite(scene: Scene) -> None:
    scene.page.get_by_role("button", name="Room settings").click()
    scene.page.get_by_role("button", name="Invite people…").click()
    scene.page.get_by_role("button", name="Make a link").click()
    scene.page.locator(".qr").wait_for()


def operator(scene: Scene) -> None:
    """The view for operators of the server."""
    page = scene.page
    page.evaluate("asyncchat.connection.ask('OPER', ['owner', '7KQ2-M9XD'])")
    shield = page.locator("#sidebar .me .icon-button")
    shield.wait_for(state="attached")
    if scene.is_phone:
        page.get_by_role("button", name="Rooms").first.click()
    shield.click()
    page.locator(".rows li", has_text="olga").wait_for()


SCENES: dict[str, Callable[[Scene], None]] = {
    "page": room,
    "page-picker": picker,
    "page-paste": paste,
    "page-edit": edit,
    "page-upload": upload,
    "page-toasts": toasts,
    "page-popup": popup,
    "page-rooms": rooms,
    "page-invite": invite,
    "page-operator": operator,
}

KEPT = {
    "page": ("page", DESKTOP, "light"),
    "page-phone": ("page", PHONE, "dark"),
    "page-rooms": ("page-rooms", DESKTOP, "dark"),
    "page-popup": ("page-popup", PHONE, "light"),
    "page-edit": ("page-edit", PHONE, "dark"),
    "page-invite": ("page-invite", PHONE, "light"),
    "page-picker": ("page-picker", PHONE, "light"),
    "page-paste": ("page-paste", PHONE, "dark"),
    "page-upload": ("page-upload", PHONE, "light"),
    "page-toasts": ("page-toasts", PHONE, "dark"),
    "page-operator": ("page-operator", DESKTOP, "light"),
}
"""The pictures of the documentation: (scene, device, theme)."""

EVERY = {
    f"{scene}-{device}-{theme}": (scene, look, theme)
    for scene in SCENES
    for device, look in (("desktop", DESKTOP), ("phone", PHONE))
    for theme in ("light", "dark")
}


def small(picture: bytes) -> bytes:
    """A picture with a palette."""
    if convert := shutil.which("convert"):
        words = (convert, "png:-", "-dither", "None", "-colors", "96", "-strip", "png8:-")
        return subprocess.run(words, input=picture, capture_output=True, check=True).stdout
    return picture


@contextmanager
def browsing() -> Iterator[Visits]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield Visits(browser)
        browser.close()


def settled(page: Page) -> None:
    """Waits until nothing moves."""
    page.mouse.move(3, 3)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(600)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.page_pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS)
    parser.add_argument("--all", action="store_true", help="each scene on each device, light and dark")
    arguments = parser.parse_args()
    arguments.folder.mkdir(exist_ok=True)
    with browsing() as visits:
        for name, (scene, look, theme) in (EVERY if arguments.all else KEPT).items():
            with serving(limits=False) as server:
                shown = Scene(visits, server, look, theme)
                SCENES[scene](shown)
                settled(shown.page)
                picture = small(shown.page.screenshot())
                visits.close()
            (arguments.folder / f"{name}.png").write_bytes(picture)
            print(f"{name}.png: {len(picture):,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
