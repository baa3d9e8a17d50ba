"""The status page in a real browser without JavaScript, as people see it before, in and after a halt."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.request
import xml.etree.ElementTree as xml

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))
import rpc

PAGE = f"{rpc.HTTP}/status"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    # No sandbox inside a container that has none to give.
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def future():
    """The dated future that lasts longest; the perpetual trades on. It reopens within seconds."""
    rpc.operator(
        "set_reopening", currency="BTC", steps=[], auction_ms=4000, collar_ppm=50000,
        extension_ms=1000, extensions_max=5,
    )
    listed = rpc.public("get_instruments", currency="BTC", kind="future")
    dated = (one for one in listed if one["settlement_period"] != "perpetual")
    return max(dated, key=lambda one: one["expiration_timestamp"])["instrument_name"]


def seen(browser, url=PAGE):
    """The page as a person reads it."""
    browser.get(url)
    return browser.find_element(By.TAG_NAME, "body").text


def until(browser, *words):
    deadline = time.monotonic() + 30
    while True:
        text = seen(browser)
        if all(word in text for word in words):
            return text
        assert time.monotonic() < deadline, f"the page does not say {words}: {text}"
        time.sleep(0.25)


def component(browser, name):
    for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr"):
        if row.find_element(By.TAG_NAME, "th").text == name:
            return row.find_element(By.TAG_NAME, "td").text
    raise AssertionError(f"no component {name}")


def test_a_halt_is_read_on_the_page_from_its_beginning_to_its_end(browser, future):
    until(browser, "All markets are open.")
    assert component(browser, "matching") == "operational"
    rpc.operator("halt", instrument_name=future, state="cancel_only")
    text = until(browser, "Some markets take only cancels.", "Incident", future)
    assert "held by the operator" in text and "cancel_only" in text
    assert "are live; cancels are taken" in text, "what became of orders"
    assert component(browser, "matching") == "partial outage"
    step = browser.find_element(By.CSS_SELECTOR, "[aria-current=step]")
    assert step.text == "identified" and "investigating" in text and "resolved" in text
    browser.save_screenshot(os.environ["PLIMSOLL_SCREENSHOT"])

    rpc.operator("resume", instrument_name=future)
    text = until(browser, "Some markets are restricted.", "auction")
    assert component(browser, "matching") == "degraded"
    rows = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "tbody tr")]
    assert any(future in row and "auction" in row for row in rows), rows
    text = until(browser, "All markets are open.", "No incident is open.")
    assert "(resolved)" in text and component(browser, "matching") == "operational"


def test_words_of_people_are_shown_as_they_are(browser):
    told = {"kind": "announcement", "title": "1 < 2 & <script>alert(1)</script>", "text": "\"so\""}
    rpc.operator("publish_notice", currency="BTC", **told)
    text = until(browser, told["title"])
    assert told["text"] in text
    assert browser.find_elements(By.TAG_NAME, "script") == []


def test_the_page_is_whole_by_itself(browser):
    """One request, nothing blocked, nothing wrong in the console, no script."""
    browser.get_log("performance")
    seen(browser)
    events = (json.loads(row["message"])["message"] for row in browser.get_log("performance"))
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.endswith("/favicon.ico")] == [PAGE]
    wrong = [row for row in browser.get_log("browser") if row["level"] == "SEVERE"]
    assert [row for row in wrong if "favicon" not in row["message"]] == []


@pytest.mark.parametrize("width", [320, 375, 1000])
def test_it_is_read_on_a_small_screen_without_scrolling_sideways(browser, future, width):
    rpc.operator("halt", instrument_name=future, state="halted")
    rpc.operator("resume", instrument_name=future)
    until(browser, "restricted", future)
    device = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    seen(browser)
    metrics = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})
    assert metrics["cssContentSize"]["width"] <= width, metrics["cssContentSize"]
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_who_cannot_see_it_hears_it_in_order(browser):
    """The accessibility tree has the state first, then headings in order, and tables with headers."""
    seen(browser)
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = [node["role"]["value"] for node in tree if not node.get("ignored")]
    assert "main" in roles and roles.index("status") < roles.index("table")
    levels = [
        next(p["value"]["value"] for p in node["properties"] if p["name"] == "level")
        for node in tree
        if not node.get("ignored") and node["role"]["value"] == "heading"
    ]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels
    assert "columnheader" in roles and "rowheader" in roles
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_the_feed_that_the_page_names_is_atom_and_says_the_same(browser):
    seen(browser)
    link = browser.find_element(By.CSS_SELECTOR, "link[rel=alternate]")
    with urllib.request.urlopen(link.get_attribute("href"), timeout=10) as reply:
        assert reply.headers["Content-Type"].startswith("application/atom+xml")
        feed = xml.parse(reply).getroot()
    titles = [entry.find(f"{ATOM}title").text for entry in feed.iter(f"{ATOM}entry")]
    assert "1 < 2 & <script>alert(1)</script>" in titles
    ids = [entry.find(f"{ATOM}id").text for entry in feed.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) and feed.find(f"{ATOM}updated").text.endswith("Z")


def test_what_the_page_links_to_can_be_checked_without_the_venue(browser, tmp_path):
    seen(browser)
    link = browser.find_element(By.LINK_TEXT, "/status.json").get_attribute("href")
    with urllib.request.urlopen(link, timeout=10) as reply:
        body = reply.read()
    file = tmp_path / "status.json"
    file.write_bytes(body)
    check = [os.environ["PLIMSOLL_BIN"], "verify", "notice", str(file)]
    assert subprocess.run(check, capture_output=True).returncode == 0
    file.write_bytes(body.replace(b"cancel_only", b"post_only", 1))
    assert subprocess.run(check, capture_output=True).returncode != 0
