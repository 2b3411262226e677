"""Previews over HTTP: for a session, about a message that it may read."""

import json
import re
from urllib.parse import urlencode

import pytest

from asyncchat.server import previews
from tests.server.harness import serving
from tests.server.http.test_files import ask
from tests.server.test_previews import HERE, HTML, PAGE, pages
from tests.server.test_uploads import said, someone


@pytest.fixture
def site():
    with pages({"/": (200, HTML, PAGE), "/none": (404, {}, b"")}) as running:
        yield running


@pytest.fixture
def server():
    with serving(limits=False, previews=True, outgoing_networks=HERE) as running:
        yield running


def link_of(client):
    client.send("ISUPPORT\r\nPING done\r\n")
    found = re.search(r"asyncchat/PREVIEWS=(\S+)", client.until(" PONG "))
    return found[1] if found else ""


def preview(server, link, to, id):
    response, body = ask(server, "GET", f"{link}?{urlencode({'to': to, 'id': id})}")
    return response.status, json.loads(body).get("preview")


def test_who_may_read_a_message_is_told_of_its_link(server, site):
    base, asked = site
    anna, ben = someone(server, "anna"), someone(server, "ben")
    link, others = link_of(anna), link_of(ben)
    id = said(anna, "#lobby", f"look: {base}/.")
    status, told = preview(server, link, "#lobby", id)
    assert status == 200
    assert told == {
        "url": f"{base}/", "title": "Tea & biscuits", "description": "How to make it", "site": "Kitchen",
    }  # fmt: skip
    assert preview(server, others, "#lobby", id) == (200, told)
    assert asked.qsize() == 1  # it is remembered
    private = said(anna, "anna", f"{base}/none")
    assert preview(server, link, "anna", private) == (200, None)
    assert preview(server, others, "anna", private)[0] == 404
    anna.send("JOIN #den\r\n")
    secret = said(anna, "#den", f"a secret: {base}/")
    assert [preview(server, one, "#den", secret)[0] for one in (link, others)] == [200, 404]
    assert preview(server, link, "#lobby", secret)[0] == 404


def test_what_is_not_answered(server, site):
    base, asked = site
    anna = someone(server, "anna")
    link = link_of(anna)
    id = said(anna, "#lobby", f"{base}/")
    for wrong in ("", "x", id + "0", "anna"):
        assert preview(server, link, "#lobby", wrong)[0] == 404
    assert preview(server, link[:-1] + "g", "#lobby", id)[0] == 403
    assert ask(server, "POST", link, b"")[0].status == 405
    anna.send(f"REDACT #lobby {id}\r\nPING done\r\n")
    anna.until(" PONG ")
    assert preview(server, link, "#lobby", id)[0] == 404
    assert preview(server, link, "#lobby", said(anna, "#lobby", "no link")) == (200, None)
    assert asked.empty()
    other = said(anna, "#lobby", f"{base}/")
    server.call(lambda: setattr(previews, "MOST_WAITING", 0))
    try:
        assert preview(server, link, "#lobby", other)[0] == 503
    finally:
        server.call(lambda: setattr(previews, "MOST_WAITING", 50))
    anna.close()
    someone(server, "carl").close()  # the server has seen that she is gone
    assert preview(server, link, "#lobby", other)[0] == 403


def test_off_by_default():
    with serving() as server:
        assert link_of(someone(server, "anna")) == ""
        assert ask(server, "GET", "/previews/1-1-x")[0].status == 404
