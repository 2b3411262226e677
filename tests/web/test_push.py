"""Being told while the page is closed: the switch, what the server is told, what the service worker shows."""

import json

import pytest
from playwright.sync_api import expect

from asyncchat.core.features.always_on import AlwaysOnAccounts
from asyncchat.core.features.webpush import Subscriptions
from asyncchat.server import push
from tests.server.harness import serving
from tests.server.test_push import HERE, Device, PushService
from tests.web.test_accounts import make_account

# The browser of the tests has no push service: it gets a subscription at that of the test.
SUBSCRIBE = """
  let subscription = null;
  PushManager.prototype.subscribe = async function ({ userVisibleOnly, applicationServerKey }) {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error("wrong");
    const { endpoint } = GIVEN;
    const unsubscribe = async () => { subscription = null; };
    return (subscription = { toJSON: () => (GIVEN), unsubscribe, endpoint });
  };
  PushManager.prototype.getSubscription = async () => subscription;
"""


@pytest.fixture
def service():
    running = PushService()
    yield running
    running.close()


# Nor does it show notifications; and its page always has the focus.
PUSHED = """async (line) => {
  const shown = [];
  const show = async (title, { body, data }) => shown.push([title, body, data.place]);
  self.registration.showNotification = show;
  self.clients.matchAll = async () => [];
  const event = new ExtendableEvent("push");
  event.data = { text: () => line };
  let done;
  event.waitUntil = (promise) => { done = promise; };
  self.dispatchEvent(event);
  await done;
  delete self.clients.matchAll;
  return shown;
}"""

CLICKED = """(place) => {
  const event = new ExtendableEvent("notificationclick");
  event.notification = { data: { place }, close: () => {} };
  self.dispatchEvent(event);
}"""


def test_one_is_told_while_the_page_is_closed(visits, service, monkeypatch):
    monkeypatch.setattr(push, "LOOK_SECONDS", 0.0)
    device = Device(service)
    keys = dict(one.split("=") for one in device.keys.split(";"))
    given = json.dumps({"endpoint": device.endpoint, "keys": keys})
    with serving(limits=False, outgoing_networks=HERE) as server:
        page = visits.join(server.port, "anna", service_workers="allow", permissions=["notifications"])
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.add_init_script(SUBSCRIBE.replace("GIVEN", given))
        page.reload()
        page.wait_for_selector("#app[data-joined=true]")
        page.get_by_role("button", name="anna").first.click()
        page.get_by_text("With an account you can be told").wait_for()
        page.keyboard.press("Escape")
        make_account(page, "tea at five")
        page.get_by_role("button", name="anna").first.click()
        page.get_by_label("Also while this page is closed").check()
        expect(page.get_by_label("Stay in my rooms while no device is connected")).to_be_checked()
        chat = server.server.hub.chat
        server.irc("ben").send("PRIVMSG anna :tea is **ready**\r\n")
        line = device.read()
        assert line.endswith("PRIVMSG anna :tea is **ready**")
        (one,) = server.call(lambda: tuple(Subscriptions.of(chat).of_account("anna").values()))
        assert one.token
        assert server.call(lambda: "anna" in AlwaysOnAccounts.of(chat).accounts)
        page.keyboard.press("Escape")
        (worker,) = page.context.service_workers
        for pushed, *shown in (
            (line, "ben", "tea is **ready**", "ben"),
            (
                "@time=x :ben!b@h PRIVMSG #den :\x01ACTION waves at \x02anna\x02\x01",
                "ben in #den", "ben waves at anna", "#den",
            ),
            ("nonsense", "asyncchat", "There is something new.", ""),
        ):  # fmt: skip
            assert worker.evaluate(PUSHED, pushed) == [shown]
        worker.evaluate(CLICKED, "#den")
        page.get_by_role("heading", name="#den").wait_for()
        # The switch ends it.
        page.get_by_role("button", name="anna").first.click()
        page.get_by_label("Also while this page is closed").uncheck()
        expect(page.get_by_label("Also while this page is closed")).to_be_enabled()
        assert server.call(lambda: dict(Subscriptions.of(chat).of_account("anna"))) == {}
