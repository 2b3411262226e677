"""What a linked page says of itself, under the message that links to it."""

from playwright.sync_api import expect

from tests.server.harness import serving
from tests.server.test_previews import HERE, HTML, PAGE, pages
from tests.web.conftest import say, sees

HOSTILE = b"<title>&lt;img src=x onerror=alert(1)&gt;</title>"


def test_a_preview_is_shown_and_goes_with_its_message(visits):
    site = {
        "/": (200, HTML, PAGE),
        "/bad": (200, HTML, HOSTILE),
        "/image": (200, {"Content-Type": "image/png"}, b""),
    }
    with pages(site) as (base, _), serving(limits=False, previews=True, outgoing_networks=HERE) as server:
        page = visits.join(server.port, "anna")
        say(page, f"look at {base}/")
        preview = sees(page, "look at").locator("a.preview")
        expect(preview).to_have_text("KitchenTea & biscuitsHow to make it")
        expect(preview).to_have_attribute("href", f"{base}/")
        say(page, f"and {base}/bad")
        expect(sees(page, "and http").locator(".preview b")).to_have_text("<img src=x onerror=alert(1)>")
        say(page, f"then {base}/image")
        say(page, "the end")
        sees(page, "the end")
        expect(page.locator(".preview")).to_have_count(2)
        sees(page, "look at").hover()
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("menuitem", name="Delete…").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_text("This message was deleted").wait_for()
        expect(page.locator(".preview")).to_have_count(1)
        page.reload()
        sees(page, "and http").locator(".preview").wait_for()
        expect(page.locator(".preview")).to_have_count(1)
