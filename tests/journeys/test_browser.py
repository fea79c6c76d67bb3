"""A day on the stand-in's page in a real browser: people type, press, read; the page never writes an error to its console.

The tests follow the day in order: what is live changes in the first (on a phone) and in the last (at a desk), and in between nothing does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from demo.installation import Installation

pytestmark = pytest.mark.timeout(300)

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-lcd-text",
)  # fmt: skip
DESK = (1400, 900)
PHONE = (390, 844)
PATIENCE = 30_000

Sit = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation in which nothing has happened yet."""
    with Installation(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(fresh: Installation) -> Iterator[Browser]:
    """A browser, which comes last and goes first: this thread belongs to its loop as long as it is there."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM if CHROMIUM.exists() else None, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def console() -> list[str]:
    """Every error that any page wrote to its console or did not catch, also pages that a link opened."""
    return []


@pytest.fixture(scope="module")
def sit(fresh: Installation, chromium: Browser, console: list[str]) -> Sit:
    """Open the page as somebody, in a browser of their own."""

    def listen(page: Page) -> None:
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: console.append(f"{page.url}: {error}"))
        page.on("console", lambda line: console.append(f"{page.url}: {line.text}") if line.type == "error" else None)

    def opened(who: str, size: tuple[int, int] = DESK) -> Page:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB", device_scale_factor=1)
        context.on("page", listen)
        page = context.new_page()
        page.goto(f"{fresh.slack_url}/?as={who}&in=biopsy")
        expect(page.get_by_role("heading", name="# biopsy")).to_be_visible()
        return page

    return opened


@pytest.fixture(autouse=True)
def _nobody_complains(chromium: Browser, console: list[str]) -> Iterator[None]:
    yield
    for context in chromium.contexts:
        context.close()
    assert console == []


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: a folder of the test run, or the one that `scripts/pictures` names."""
    return Path(os.environ.get("TOWPATH_PICTURES") or tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def shoot(album: Path) -> Shoot:
    def take(page: Page, name: str) -> None:
        page.screenshot(path=album / f"{name}.png", animations="disabled", caret="hide")

    return take


def say(page: Page, text: str) -> None:
    page.get_by_label("Message #biopsy").fill(text)
    page.keyboard.press("Enter")


def card(page: Page, headline: str) -> Locator:
    """The newest card in the channel with that headline."""
    found = page.locator("#messages article").filter(has=page.get_by_role("heading", name=headline, exact=True)).last
    expect(found).to_be_visible()
    return found


def thread_of(page: Page, one: Locator) -> Locator:
    """The card's thread, opened."""
    one.get_by_role("button", name=re.compile(r"\d+ repl")).click()
    found = page.get_by_role("complementary", name="Thread")
    expect(found).to_be_visible()
    return found


def answer(page: Page, text: str) -> None:
    box = page.get_by_role("complementary", name="Thread").get_by_label("Reply…")
    box.fill(text)
    box.press("Enter")


def fits(page: Page) -> bool:
    """Whether nothing reaches beyond the screen's width."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def new_tab(link: Locator) -> Page:
    """The page that a link opens beside this one."""
    with link.page.context.expect_page() as opened:
        link.click()
    opened.value.wait_for_load_state()
    return opened.value


@pytest.fixture(scope="module")
def yesterday(sit: Sit) -> Locator:
    """Ana asked for v2, and Mia approved it on her phone; the card as she then saw it."""
    ana = sit("ana")
    say(ana, "/towpath promote biopsy v2 to staging because we start with what we know")
    card(ana, "biopsy v2.0.0 went live in staging")
    say(ana, "/towpath promote biopsy v2 to prod because the clinic needs a first model")
    card(ana, "biopsy v2.0.0 was requested for prod")
    mia = sit("mia", PHONE)
    asked = card(mia, "biopsy v2.0.0 was requested for prod")
    asked.get_by_role("button", name="Approve").click()
    sure = mia.get_by_role("dialog", name="Approve P-2?")
    expect(sure).to_contain_text("biopsy v2.0.0 goes live in prod, where nothing runs yet.")
    assert fits(mia)
    sure.get_by_role("button", name="Approve").click()
    return card(mia, "biopsy v2.0.0 went live in prod")


@pytest.fixture
def asked(yesterday: Locator, sit: Sit) -> Page:
    """Ana's page, where v3 is in staging and waits for approval to prod. A request that waits already is not made twice."""
    ana = sit("ana")
    say(ana, "/towpath promote model v3 to staging because it misses fewer cases")
    card(ana, "biopsy v3.0.0 went live in staging")
    say(ana, "/towpath promote model v3 to prod because it misses fewer cases")
    card(ana, WANTED)
    return ana


WANTED = "biopsy v3.0.0 was requested for prod"


def test_a_manager_approves_on_a_phone(yesterday: Locator) -> None:
    phone = yesterday.page
    expect(yesterday).to_contain_text("Approvals: 1 of 1")
    expect(yesterday).to_contain_text("approved by Mia for ml-leads")
    assert fits(phone)
    thread = thread_of(phone, yesterday)
    expect(thread).to_contain_text("Approved by Mia")
    assert fits(phone)


def test_a_refusal_is_seen_by_its_reader_alone(asked: Page, sit: Sit) -> None:
    ben = sit("ben")
    threads = [thread_of(page, card(page, WANTED)) for page in (asked, ben)]
    answer(asked, "approve")
    expect(threads[0]).to_contain_text("Only visible to you")
    expect(threads[0]).to_contain_text("You asked for this promotion; somebody else must decide on it.")
    expect(threads[0]).to_contain_text("Who may: ml-leads")
    expect(threads[0]).to_contain_text("Nothing was changed.")
    answer(ben, "shall we wait for Mia?")
    expect(threads[0]).to_contain_text("shall we wait for Mia?")
    expect(threads[1]).to_contain_text("approve")
    expect(threads[1]).not_to_contain_text("You asked for this promotion")


def test_a_manager_rejects_with_a_reason(asked: Page, sit: Sit) -> None:
    mia = sit("mia")
    card(mia, WANTED).get_by_role("button", name="Reject").click()
    form = mia.get_by_role("dialog", name=re.compile("Reject P-"))
    form.get_by_role("button", name="Reject").click()
    expect(form).to_contain_text("Please fill this in")
    form.get_by_label("Reason").fill("The model card names no limits for children.")
    form.get_by_role("button", name="Reject").click()
    ended = card(asked, "biopsy v3.0.0 was rejected for prod")
    expect(ended).to_contain_text("Rejected by Mia")
    expect(ended).to_contain_text("The model card names no limits for children.")
    expect(ended.get_by_role("button", name="Approve")).to_have_count(0)
    expect(thread_of(asked, ended)).to_contain_text("Nothing was changed in prod.")
    record = new_tab(ended.get_by_role("link", name="audit record")).get_by_role("main")
    expect(record).to_contain_text("Asked by Ana, rejected by Mia at")
    expect(record).to_contain_text("The model card names no limits for children.")


def test_a_word_in_the_thread_cancels(asked: Page) -> None:
    thread = thread_of(asked, card(asked, WANTED))
    answer(asked, "cancel because the card is not ready")
    card(asked, "The request for biopsy v3.0.0 in prod was cancelled")
    expect(thread).to_contain_text("the card is not ready")


def test_from_a_sentence_to_production_and_into_the_record(asked: Page, sit: Sit, shoot: Shoot) -> None:
    page = asked
    thread = thread_of(page, card(page, WANTED))
    expect(thread).to_contain_text("Your approval is needed")
    expect(card(page, WANTED)).to_contain_text("auc: 0.9822 → 0.9964 (+0.0142)")
    expect(card(page, WANTED).get_by_role("button", name="Approve")).to_be_in_viewport()
    shoot(page, "card")
    page.get_by_role("button", name="Mia").click()
    expect(page.get_by_text("You are Mia, manager")).to_be_visible()
    phone = sit("mia", PHONE)
    for seen in (card(phone, WANTED).get_by_role("heading"), card(phone, WANTED).get_by_role("button", name="Approve")):
        expect(seen).to_be_in_viewport(ratio=0.9)
    shoot(phone, "phone")
    read_details(page)
    card(page, WANTED).get_by_role("button", name="Approve").click()
    sure = page.get_by_role("dialog", name=re.compile("Approve P-"))
    expect(sure).to_contain_text("biopsy v3.0.0 goes live in prod, in place of v2.0.0.")
    sure.get_by_role("button", name="Approve").click()
    live = card(page, "biopsy v3.0.0 went live in prod")
    expect(live).to_contain_text("Succeeded")
    thread = thread_of(page, live)
    expect(thread).to_contain_text("Approved by Mia")
    expect(thread).to_contain_text("repeats the golden prediction")
    read_record(new_tab(live.get_by_role("link", name="audit record")), shoot)
    commit = new_tab(live.get_by_role("link", name=re.compile("^commit ")))
    expect(commit.get_by_text("Approved-by: U0MIA@T0CEDAR")).to_be_visible()


def read_details(page: Page) -> None:
    """Open the card's details, read, close."""
    one = card(page, WANTED)
    one.get_by_role("button", name="More choices").click()
    page.get_by_role("menuitem", name="Details").click()
    details = page.get_by_role("dialog", name=re.compile("Details of P-"))
    for words in ("Asked by: Ana", "made by Ana, who may not approve it", "Gates: 3 of 3 pass", "Requested by Ana", "sha256:"):
        expect(details).to_contain_text(words)
    assert details.locator("pre").evaluate("node => node.scrollWidth <= node.clientWidth")
    details.get_by_role("button", name="Close").click()
    expect(details).to_have_count(0)


def read_record(page: Page, shoot: Shoot) -> None:
    """The audit page answers who, who else, what, whether it can be believed; also on a narrow screen."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("biopsy v3.0.0 went live in prod")
    for words in (
        "Asked by Ana, approved by Mia, succeeded at",
        "Ana (U0ANA@T0CEDAR)",
        "Mia (U0MIA@T0CEDAR) approved for ml-leads",
        "made by Ana (U0ANA), who may not approve it",
        "Verified: every signature and every link of these commits held",
    ):
        expect(page.get_by_role("main")).to_contain_text(words)
    assert re.search(r"sha256:[0-9a-f]{64}", page.inner_text("main"))
    assert not re.search(r"\dT\d", page.inner_text("main")), "an instant is shown as the ledger writes it"
    shoot(page, "audit")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert fits(page)
