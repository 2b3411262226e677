"""Line numbers of keys, in everything TOML may be."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.config.toml_lines import lines_of

DOCUMENT = '''\
# a comment = 1
name = "x"   # behind
listen = [
  "a = 1",  # no key
  "b",
]

[limits]
burst = 5
text = """
rate = 6
"""
"quoted key".inner = 7

[operators.alice]
password = \'x\'
[rooms."#a.b"]
topic = { deep = 1 }
[[many]]
one = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 2),
        (("listen",), 3),
        (("limits",), 8),
        (("limits", "burst"), 9),
        (("limits", "text"), 10),
        (("limits", "quoted key", "inner"), 13),
        (("operators", "alice"), 15),
        (("operators", "alice", "password"), 16),
        (("rooms", "#a.b"), 17),
        (("rooms", "#a.b", "topic", "deep"), 18),
        (("many", "one"), 20),
    ],
)
def test_where_a_key_stands(path, line):
    assert lines_of(DOCUMENT)[path] == line


def test_what_only_looks_like_a_key_is_none():
    assert ("limits", "rate") not in lines_of(DOCUMENT)


@given(st.text(alphabet="ab=[]{}\".'#\n ,1"))
def test_no_valid_document_makes_it_fail(text):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines_of(text)
