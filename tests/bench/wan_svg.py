# SPDX-License-Identifier: MIT
"""The results of the WAN bench as a picture: bars of goodput and of ping p95 relative to the oracle,
and below them netoptd's goodput over time, path by path. Pure: a dictionary in, SVG out."""
from xml.sax.saxutils import escape

import wan_report

WIDTH, LEFT, RIGHT = 1120, 104, 24
PANEL, GAP = 190, 74
STRIP, STRIP_GAP = 62, 20
GOODPUT_TOP, PING_TOP = 1.25, 3.0
# Told apart by everybody's eyes (after Okabe and Ito); what the bench is about is the dark one.
COLOURS = {"default": "#9a9a9a", "tuned": "#e0b03a", "bbr": "#56b4e9", "cubic 64 MB": "#d98c5f",
           "bbr 64 MB": "#2f7fb5", wan_report.NETOPTD: "#1b1b1b"}
VERDICTS = {"kept": "#0a8f5b", "restored": "#c8372d", "inconclusive": "#b07d00", "none": "#777777"}
STYLE = ("text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;font-size:12px;fill:#222}"
         ".title{font-size:15px;font-weight:bold}.small{font-size:10px;fill:#555}"
         ".end{text-anchor:end}.middle{text-anchor:middle}")


class Picture:
    """Elements, collected from top to bottom."""

    def __init__(self):
        self.parts, self.y = [], 0.0

    def add(self, name, text=None, **attributes):
        """One element; underscores in names of attributes stand for hyphens."""
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
                        for key, value in attributes.items())
        self.parts.append(f"<{name}{words}/>" if text is None
                          else f"<{name}{words}>{escape(text)}</{name}>")

    def text(self, x, y, text, class_="", **more):
        """Words."""
        self.add("text", text, x=round(x, 1), y=round(y, 1), class_=class_, **more)

    def line(self, x1, y1, x2, y2, stroke="#cccccc", **more):
        """A line."""
        self.add("line", x1=round(x1, 1), y1=round(y1, 1), x2=round(x2, 1), y2=round(y2, 1),
                 stroke=stroke, **more)

    def box(self, x, y, width, height, fill, **more):
        """A filled rectangle."""
        self.add("rect", x=round(x, 1), y=round(y, 1), width=round(max(width, 0), 1),
                 height=round(max(height, 0), 1), fill=fill, **more)

    def done(self):
        """The whole document."""
        height = round(self.y + 20)
        return ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                f'viewBox="0 0 {WIDTH} {height}">\n<style>{STYLE}</style>\n'
                f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def arms_of(results):
    """All arms, in the order of the table."""
    return list(next(iter(results["paths"].values()))["arms"])


def _legend(picture, arms):
    x = LEFT
    for arm in arms:
        picture.box(x, picture.y - 9, 11, 11, COLOURS.get(arm, "#bb66bb"))
        picture.text(x + 16, picture.y, arm)
        x += 42 + 7.2 * len(arm)
    picture.text(x + 8, picture.y, "▾ the oracle of the path", "small")
    picture.y += 14


def _axis(picture, top, step, bar, at_least):
    """Grid, numbers and the bar that netoptd is held to."""
    base = picture.y + PANEL
    for i in range(int(top / step) + 1):
        y = base - PANEL * i * step / top
        picture.line(LEFT, y, WIDTH - RIGHT, y, "#888888" if i == 0 else "#e4e4e4")
        picture.text(LEFT - 8, y + 4, f"{i * step:g}", "small end")
    y = base - PANEL * bar / top
    picture.line(LEFT, y, WIDTH - RIGHT, y, "#c8372d", stroke_dasharray="5 4")
    picture.text(8, y + 4, f"bar {'≥' if at_least else '≤'} {bar:g}", "small",
                 style="fill:#c8372d")


def _bar(picture, x, width, value, top, arm, is_oracle):
    base = picture.y + PANEL
    if value is None:
        picture.text(x + width / 2, base - 4, "-", "small middle")
        return
    height = PANEL * min(value, top) / top
    picture.box(x, base - height, width - 1.5, height, COLOURS.get(arm, "#bb66bb"))
    if value > top:  # cut off: the number says how far it would go
        picture.text(x + width / 2, base - height - 4, f"{value:.1f}", "small middle")
    elif is_oracle:
        picture.text(x + width / 2, base - height - 3, "▾", "middle")


def _bars(picture, results, title, key, axis):
    """One panel of grouped bars; axis: (greatest value, step, bar, whether at least)."""
    picture.text(LEFT, picture.y, title, "title")
    picture.y += 24
    _axis(picture, *axis)
    arms, paths = arms_of(results), results["paths"]
    group = (WIDTH - LEFT - RIGHT) / len(paths)
    width = group * 0.84 / len(arms)
    for number, (name, path) in enumerate(paths.items()):
        left = LEFT + number * group + group * 0.08
        for place, arm in enumerate(arms):
            _bar(picture, left + place * width, width, path["arms"].get(arm, {}).get(key), axis[0],
                 arm, arm == path[wan_report.ORACLE])
        middle = LEFT + (number + 0.5) * group
        picture.text(middle, picture.y + PANEL + 17, name, "middle", font_weight="bold")
        picture.text(middle, picture.y + PANEL + 31, path["title"], "small middle")
    picture.y += PANEL + GAP


def _marks(picture, results, path, scale, base):
    """The changes of one path, and of the host: dotted where proposed, solid where decided."""
    for change in results["daemon"]["changes"]:
        if change["id"] not in path["line"]["changes"] or change["state"] == "advised":
            continue
        x = scale(change["proposedSeconds"])
        picture.line(x, base - STRIP, x, base, "#555555", stroke_dasharray="2 3")
        if change["decidedSeconds"] is None:
            continue
        x, colour = scale(change["decidedSeconds"]), VERDICTS.get(change["verdict"], "#777777")
        picture.line(x, base - STRIP, x, base, colour, stroke_width=2)
        picture.text(x + 3, base - STRIP + 9, f"{change['controller']} {change['verdict']}",
                     "small", style=f"fill:{colour};paint-order:stroke;stroke:#f7f7f7;stroke-width:3px")


def _strip(picture, results, name, path, scale):
    """netoptd's transfers on one path over time."""
    base = picture.y + STRIP
    rows = path["line"]["transfers"]
    best = path["arms"][path[wan_report.ORACLE]]["goodputMbps"] or 0
    top = 1.08 * max([best, *(value for _, value in rows)], default=1) or 1
    picture.box(LEFT, picture.y, WIDTH - LEFT - RIGHT, STRIP, "#f7f7f7")
    y = base - STRIP * best / top
    picture.line(LEFT, y, WIDTH - RIGHT, y, "#c8372d", stroke_dasharray="5 4")
    picture.text(LEFT - 8, y + 4, f"{best:.0f}", "small end")
    picture.text(LEFT - 8, base, "0", "small end")
    picture.text(8, base - STRIP / 2 + 4, name, font_weight="bold")
    points = " ".join(f"{scale(at):.1f},{base - STRIP * value / top:.1f}" for at, value in rows)
    picture.add("polyline", points=points, fill="none", stroke="#1b1b1b", stroke_width=1.2)
    _marks(picture, results, path, scale, base)
    picture.y += STRIP + STRIP_GAP


def _time_line(picture, results):
    daemon, paths = results["daemon"], results["paths"]
    begin = min((row[0] for path in paths.values() for row in path["line"]["transfers"]), default=0)
    end = max(daemon["seconds"], begin + 1)

    def scale(seconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * (seconds - begin) / (end - begin)

    picture.text(LEFT, picture.y, "netoptd over time: Mbit/s of each transfer (dashed: the oracle); "
                                  "changes proposed (dotted) and decided", "title")
    picture.y += 20
    top = picture.y
    for name, path in paths.items():
        _strip(picture, results, name, path, scale)
    bottom = picture.y - STRIP_GAP
    for at, word in ((0, "start"), (daemon["settledSeconds"], "settled, now measured")):
        picture.line(scale(at), top - 4, scale(at), bottom + 4, "#2f7fb5")
        picture.text(scale(at) + 3, top - 5, word, "small", style="fill:#2f7fb5")
    for minute in range(0, int(end / 60) + 1, max(1, int(end / 60 / 12))):
        picture.text(scale(minute * 60), bottom + 18, f"{minute} min", "small middle")
    picture.y = bottom + 24


def draw(results):
    """The document."""
    picture = Picture()
    picture.y = 34
    picture.text(LEFT, picture.y, "netopt on an emulated WAN: every path against its best fixed "
                                  "setting", "title", style="font-size:18px")
    picture.y += 20
    picture.text(LEFT, picture.y, results["about"], "small")
    picture.y += 26
    _legend(picture, arms_of(results))
    picture.y += 28
    _bars(picture, results, "Goodput, relative to the oracle's (more is better)",
          "goodputToOracle", (GOODPUT_TOP, 0.25, 0.95, True))
    _bars(picture, results, "Ping p95 under load, relative to the oracle's (less is better)",
          "pingToOracle", (PING_TOP, 0.5, 1.2, False))
    if results.get("daemon"):
        _time_line(picture, results)
    return picture.done()
