"""What a page owes to people who see, hear or point badly: axe, and a few measures of ours."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# The mails in frames are foreign.
ALL: dict[str, Any] = {"iframes": False, "runOnly": {"type": "tag", "values": list(TAGS)}}
# A mail is a part of a page: landmarks are those of the program that shows it.
OF_MAIL: dict[str, Any] = {"runOnly": {"type": "tag", "values": [*TAGS[:-1]]}}
RUN = """async (options) => (await axe.run(document, options)).violations.flatMap((each) =>
  each.nodes.map((node) => `${each.id}: ${node.html.slice(0, 120)} (${node.failureSummary
    .split("\\n").slice(1).join(" ").trim()})`))"""
MEASURE = """([least, most]) => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    found.push(`scrolls sideways: ${root.scrollWidth} in ${root.clientWidth}`);
    for (const each of document.body.querySelectorAll("*"))
      if (each.getBoundingClientRect().right > root.clientWidth + 1)
        found.push(`sticks out: ${each.outerHTML.slice(0, 100)}`);
  }
  const named = (each) => each.outerHTML.replace(/\\s+/g, " ").slice(0, 110);
  const seen = (each) => each.checkVisibility({ visibilityProperty: true });
  for (const each of document.querySelectorAll("button, .btn, form a, input, select, summary")) {
    if (!seen(each) || each.type === "hidden") continue;
    // A label is hit for its box, and a row for its link.
    const area = each.matches(".mail-link") ? each.closest(".mail") : each.closest("label");
    const box = (area ?? each).getBoundingClientRect();
    const inText = each.matches("a") && getComputedStyle(each).display === "inline";
    const wanted = each.matches(".btn-primary") ? most : least;
    if (!inText && (box.height < wanted - 0.5 || box.width < wanted - 0.5))
      found.push(`${box.width}x${box.height}, not ${wanted}: ${named(each)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const each of ids.filter((id, place) => ids.indexOf(id) !== place))
    found.push(`twice the same id: ${each}`);
  const heads = [...document.querySelectorAll("h1")].filter(seen).length;
  if (heads !== 1) found.push(`${heads} first headings`);
  return found;
}"""
LEAST, COMFORTABLE = 24, 44


def complaints(page: Page, options: dict[str, Any]) -> list[str]:
    """Return what axe finds wrong with the page as it stands."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(RUN, options)
    return found


def measured(page: Page) -> list[str]:
    """Return what sticks out of the page, is too small to hit, or not one heading."""
    found: list[str] = page.evaluate(MEASURE, [LEAST, COMFORTABLE])
    return found
