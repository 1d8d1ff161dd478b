"""A person at a browser. Every kind of page that they see is checked for accessibility. [IG-4]"""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_MS = 15_000
# What a page is made of: each kind of element, within what, with which attributes, with words or
# without. A second page made of nothing else would not be judged otherwise.
MADE_OF = """() => [...new Set([...document.querySelectorAll("*")].map(e => {
  const kind = e => e ? e.tagName + "." + e.className : "";
  const says = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  return [kind(e.parentElement), kind(e), e.getAttributeNames().sort().join(), says].join(" ");
}))].sort().join("\\n")"""

# The words on buttons and tags that are broken in their middle, each standing in two lines.
BROKEN_WORDS = """() => [...document.querySelectorAll(".nhsuk-button, .nhsuk-tag")].flatMap(e =>
  [...e.childNodes].filter(n => n.nodeType === 3).flatMap(n =>
    [...n.data.matchAll(/\\S+/g)].filter(word => {
      const range = document.createRange();
      range.setStart(n, word.index);
      range.setEnd(n, word.index + word[0].length);
      return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
    }).map(word => word[0])))"""


class Desk:
    """One browser with its tabs; steps are named as a person would say them.

    `judged` holds the kinds of pages that were found accessible in this session.
    """

    def __init__(
        self, context: BrowserContext, url_log: Path, judged: set[str], *, javascript: bool
    ) -> None:
        self._context = context
        self._judged = judged
        self._url_log = url_log
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        context.on("request", self._note_request)
        context.on("console", self._note_console)
        self.javascript = javascript
        self.page: Page = context.new_page()

    def new_tab(self) -> Page:
        """Open another tab with the same cookies, and turn to it."""
        self.page = self._context.new_page()
        return self.page

    def turn_to(self, page: Page) -> None:
        """Turn to another open tab."""
        page.bring_to_front()
        self.page = page

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path)
        self.check()

    def click(self, name: str | re.Pattern[str], *, role: Any = "button") -> None:
        """Click the one button (or link, ...) of this name and look at what comes."""
        self.page.get_by_role(role, name=name).first.click()
        self.check()

    def choose_the_last(self, name: re.Pattern[str]) -> None:
        """The last button of this name: not the first, which may start while the test runs."""
        self.page.get_by_role("button", name=name).last.click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Click a link."""
        self.click(name, role="link")

    def fill(self, label: str | re.Pattern[str], text: str) -> None:
        """Type into the field of this label."""
        self.page.get_by_label(label).first.fill(text)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page says so."""
        expect(self.main.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def sees_heading(self, text: str | re.Pattern[str]) -> None:
        """Wait until a heading says so."""
        heading = self.page.get_by_role("heading", name=text).first
        expect(heading).to_be_visible(timeout=PATIENCE_MS)

    def does_not_see(self, text: str | re.Pattern[str]) -> None:
        """The page does not say so anywhere."""
        expect(self.page.get_by_text(text)).to_have_count(0)

    @property
    def main(self) -> Locator:
        """The page's content, without header and footer."""
        return self.page.locator("body")

    def check(self) -> None:
        """No accessibility violation on the page as it is now, and no broken word. [IG-4]

        axe is a script: a browser without JavaScript cannot run it.
        """
        self.page.wait_for_load_state("load")
        if not self.javascript or (made_of := self.page.evaluate(MADE_OF)) in self._judged:
            return
        broken = self.page.evaluate(BROKEN_WORDS)
        assert not broken, f"broken words on {self.page.url}: {broken}"
        if not self.page.evaluate("() => 'axe' in window"):
            # Not through the page's own script elements: its Content-Security-Policy forbids it.
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(r => r.violations.map(v =>"
            " `${v.id}: ${v.help} at ${v.nodes.map(n => n.target.join(' ')).join(', ')}`))",
            RULES,
        )
        assert not found, f"accessibility of {self.page.url}: {found}"
        self._judged.add(made_of)

    def close(self) -> None:
        """Leave the desk."""
        self._context.close()

    def _note_request(self, request: Request) -> None:
        with self._url_log.open("a") as log:
            log.write(f"{request.method} {request.url}\n")

    def _note_console(self, message: ConsoleMessage) -> None:
        # A page with a failure status is the portal's answer, and not a fault of the page.
        expected = ("responded with a status of", "Response Status Error Code 503")
        if message.type == "error" and not any(text in message.text for text in expected):
            self.complaints.append(f"{message.text} at {message.location.get('url')}")
