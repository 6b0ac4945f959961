#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The report's page as readers see it: on a phone and on a desk, light and dark, without a network.

NETOPT_SCREENSHOTS names a directory that is to keep what was seen."""
import os
import subprocess
import sys
import tempfile

import browser
import replies

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "terminal"))
import idl  # noqa: E402
from fake import Fake  # noqa: E402
from tap import Skip, Tap  # noqa: E402

ENDPOINTS, CHANGES = 1000, 60
PAGE_MAX = 500_000
SIZES = {"phone": (360, 740), "desk": (1280, 900)}
LEAST_FONT_PX, LEAST_CONTRAST = 9.5, 4.5
# Text in a plot is as large as the plot is wide.
FONTS = """return [...document.querySelectorAll('svg text')].map(e =>
  parseFloat(getComputedStyle(e).fontSize) * e.ownerSVGElement.getBoundingClientRect().width /
  e.ownerSVGElement.viewBox.baseVal.width)"""
# Of each kind of text against what is behind it (WCAG 2.1, relative luminance).
CONTRASTS = """
const light = c => { const v = c.map(x => x / 255).map(x => x <= .03928 ? x / 12.92 :
  Math.pow((x + .055) / 1.055, 2.4)); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2] };
const parse = s => s.match(/[\\d.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) {
  const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c }
  return [255, 255, 255] };
return [...document.querySelectorAll('h1,h2,h3,p,td,th,small,.good,.warn,.bad,.dim,svg text')].map(e => {
  const svg = e instanceof SVGElement;
  const style = getComputedStyle(e), own = parse(svg ? style.fill : style.color);
  const a = light(own.slice(0, 3)), b = light(behind(svg ? e.ownerSVGElement : e).slice(0, 3));
  return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.tagName + '.' + (e.className.baseVal || e.className)] })"""
# Texts of one plot that lie on one another.
OVERLAPS = """
let n = 0;
for (const svg of document.querySelectorAll('svg')) {
  const boxes = [...svg.querySelectorAll('text')].map(e => e.getBoundingClientRect());
  for (let i = 0; i < boxes.length; i++) for (let k = i + 1; k < boxes.length; k++) {
    const a = boxes[i], b = boxes[k];
    n += a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1 }
}
return n"""


def write_page(directory, endpoints, changes):
    """The page of a daemon with so many; its path."""
    path = os.path.join(directory, f"sock{endpoints}")
    page = os.path.join(directory, f"report{endpoints}.html")
    fake = Fake(path, idl.interface("org.netopt.Daemon"), replies=replies.many(endpoints, changes))
    ctl = os.path.join(os.environ["NETOPT_BUILD"], "cli", "netoptctl")
    done = subprocess.run([ctl, "--socket", path, "report", "--html", page], check=False,
                          capture_output=True, text=True, timeout=60)
    fake.close()
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return page


def look(tap, window, page, name, dark):
    """One page in one size and one taste."""
    title = f"{name}, {'dark' if dark else 'light'}"
    width, height = SIZES[name]
    window.size(width, height)
    window.taste(dark)
    window.open("file://" + page)
    browser.settle()
    wide = window.run("return document.documentElement.scrollWidth")
    tap.ok(wide <= width, f"{title}: the page is as wide as the screen", f"{wide} of {width}")
    fonts = window.run(FONTS)
    tap.ok(min(fonts) >= LEAST_FONT_PX, f"{title}: the text of plots can be read",
           f"{min(fonts):.1f} px")
    ratio, which = min(window.run(CONTRASTS))
    tap.ok(ratio >= LEAST_CONTRAST, f"{title}: text stands out", f"{ratio:.2f} ({which})")
    overlaps = window.run(OVERLAPS)
    tap.ok(overlaps == 0, f"{title}: labels do not lie on one another", f"{overlaps}")
    background = window.run("return getComputedStyle(document.body).backgroundColor")
    shade = sum(int(word) for word in background.strip("rgb()").split(",")[:3]) / 3
    tap.ok((shade < 80) == dark, f"{title}: it follows the reader's taste", background)
    fetched = window.run("return performance.getEntriesByType('resource').length")
    tap.ok(fetched == 0, f"{title}: nothing was fetched", f"{fetched}")
    lines = window.log()
    tap.ok(not lines, f"{title}: the console is empty", "; ".join(x["message"] for x in lines))
    if os.environ.get("NETOPT_SCREENSHOTS"):
        where = os.path.join(os.environ["NETOPT_SCREENSHOTS"], f"{name}-{int(dark)}")
        window.screenshot(where + ".png")
        for section in ("time", "changes"):
            window.run(f"document.getElementById('{section}').scrollIntoView()")
            window.screenshot(f"{where}-{section}.png")


def size(tap, directory):
    """How large the page of a large host is; its path."""
    page = write_page(directory, ENDPOINTS, CHANGES)
    length = os.path.getsize(page)
    with open(page, encoding="utf-8") as file:
        rows = file.read().partition('id="audit"')[2].count("<tr><td>")
    tap.ok(rows >= 18, "the audit is in it", f"{rows} rows")
    tap.ok(length <= PAGE_MAX, f"{ENDPOINTS} endpoints, {CHANGES} changes: the page is small",
           f"{length} bytes")


def looks(tap, directory):
    """All sizes and tastes of a page of usual size."""
    reason = browser.why_not()
    if reason:
        raise Skip(reason)
    page = write_page(directory, 8, 4)
    with browser.Browser() as window:
        for name in SIZES:
            for dark in (False, True):
                tap.group(f"{name}, dark {dark}", look, window, page, name, dark)


def main():
    """All checks."""
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="netopt-page-") as directory:
        tap.group("size", size, directory)
        tap.group("browser", looks, directory)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
