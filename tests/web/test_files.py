"""The page's files, without a browser: their weight, and what they may not hold."""

import gzip
import hashlib
import re
from importlib import resources
from pathlib import Path

import pytest

from asyncchat.server.http import static

WEB = Path(str(resources.files("asyncchat"))) / "web"
FILES = sorted(path for path in WEB.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]

MOST_BYTES = 140_000
"""All of it but the names of emoji, compressed: a second on a slow line."""

EMOJI_BYTES = 60_000
"""These, compressed; they are loaded when somebody looks for one."""

VENDORED = {
    "emoji.json": "35243852fd84bc736e3679a63606a768a376ad3179047f8514dbb175f0ccfe84",
    "js/vendor/lean-qr.js": "0ce41cd6f92cc23cf057a1df7e1b3876767d678665dd65af4e1d22b4fad967dc",
}
"""Files of other hands, by their SHA-256: see web/vendor.txt."""


def compressed(path):
    return len(gzip.compress(path.read_bytes(), mtime=0))


def test_the_page_is_light():
    emoji = WEB / "emoji.json"
    assert sum(compressed(path) for path in FILES if path != emoji) <= MOST_BYTES
    assert compressed(emoji) <= EMOJI_BYTES


@pytest.mark.parametrize(("name", "digest"), VENDORED.items())
def test_what_others_wrote_is_as_it_was(name, digest):
    assert hashlib.sha256((WEB / name).read_bytes()).hexdigest() == digest
    assert name in (WEB / "vendor.txt").read_text(encoding="utf-8")


TEXTS = [path for path in FILES if path.suffix != ".png"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    for url in re.findall(r"""["'(]((?:https?:)?//[\w.-]+\.[a-z]+[^"')\s]*)""", text):
        assert url == "http://www.w3.org/2000/svg"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_text_becomes_markup_or_code(path):
    text = path.read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert word not in text


PATTERN = re.compile(
    r"(?<=[(=,:?\[!|{;])\s?/((?![/*])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\n\\\[])+)/[a-z]*(?=[.,;) \]])"
)
ATOM = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\[pP]\{\w+\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\.")
REPEATED = re.compile(r"[*+]|\{\d+,\}")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_pattern_can_go_back_over_a_long_text(path):
    """An unbounded repetition is the last of its pattern: nothing can fail after it and begin again.

    Where the pattern begins only at one place, one repetition may be before its end.
    """
    for pattern in PATTERN.findall(path.read_text(encoding="utf-8")):
        atoms = ATOM.sub("a", pattern)
        repeated = list(REPEATED.finditer(atoms))
        if repeated:
            (only,) = repeated
            after = atoms[only.end() :].strip(")")
            assert after == "" or (atoms.startswith("^") and after in ("$", "a")), pattern


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_a_module_imports_is_there(path):
    for name, source in re.findall(
        r'import \{([^}]*)\} from "\./([\w.]+)";', path.read_text(encoding="utf-8")
    ):
        exported = static.files()[f"/js/{source}"].data.decode()
        for imported in filter(None, (word.partition(" as ")[0].strip() for word in name.split(","))):
            assert re.search(rf"export (?:async )?(?:function|class|const) {imported}\b", exported), imported
