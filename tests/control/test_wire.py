"""Lines of the control socket, there and back."""

import pytest

from asyncchat.control.requests import GetStatus, Status
from asyncchat.control.wire import Refused, line_of, reply_line, result_in

STATUS = Status("1.0", True, 3, 2)


def test_lines_are_single_and_come_back():
    assert line_of(GetStatus()) == b'{"do":"status"}\n'
    assert result_in(reply_line(STATUS), Status) == STATUS
    assert reply_line(Refused("no\nway")).count(b"\n") == 1


def test_a_refusal_is_raised_where_it_is_read():
    with pytest.raises(Refused, match=r"^no such account$"):
        result_in(reply_line(Refused("no such account")), Status)


DEEP = b"[" * 50_000


@pytest.mark.parametrize(
    "line",
    [
        b"", b"\n", b"hello\n", b"{}\n", b'{"result":{"people":1}}\n', b"[1]\n", b'{"error":"\xff"}\n',
        b'{"result":%b\n' % DEEP, b'{"other":%b\n' % DEEP,
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_reply_of_this_version_is_said_to_be_so(line):
    with pytest.raises(Refused, match="another version"):
        result_in(line, Status)
