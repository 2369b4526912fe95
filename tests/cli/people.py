#!/usr/bin/env python3
"""What people look at, each a named case: the short plan, and the pages of --report.

    people.py PROGRAM CASE
"""

import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CAPTURES = pathlib.Path(__file__).resolve().parents[1] / "captures"
NVME = CAPTURES / "handmade-nvme.lspci"
AT_MOST = 240
SCREEN = 40
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
# Elements without an end, as HTML has them.
VOID = {"meta", "br", "hr", "img", "link", "input"}
# What would ask somebody for something, or run.
FORBIDDEN = {"script", "img", "link", "iframe", "object", "embed", "base", "form"}


def tenon(program, *words):
    return subprocess.run([program, *map(str, words)], capture_output=True, timeout=AT_MOST, check=False,
                          text=True, env=dict(os.environ, COLUMNS="100"))


class Page(html.parser.HTMLParser):
    """The elements of a page, and whether each ends where it should."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.names, self.words = [], set(), set(), []
        self.attributes = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes += attrs
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice"
        self.ids |= {value for name, value in attrs if name == "id"}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> in {self.open}"
        self.open.pop()

    def handle_data(self, data):
        self.words.append(data)


def sound(text):
    page = Page(text)
    assert not page.names & FORBIDDEN, page.names & FORBIDDEN
    assert not [one for one in page.attributes if one[0].startswith("on") or one[0] in ("src", "href", "style")]
    assert "@import" not in text and "url(" not in text
    for needed in ("prefers-color-scheme: dark", "@media print", "default-src 'none'", 'name="viewport"'):
        assert needed in text, needed
    return page


def report(program, work, *words):
    file = work / "report.html"
    done = tenon(program, "plan", "--report", file, *words)
    assert done.returncode == 0 and done.stdout == f"wrote {file}\n", (done.stdout, done.stderr)
    return file.read_text()


def pages_are_sound(program, work):
    for words in ([NVME], [CAPTURES / "lab-igb.lspci", CAPTURES / "lab-nvme.lspci"], ["--port", "p"]):
        page = sound(report(program, work, *words))
        assert {"verdict", "places", "text"} <= page.ids, page.ids
        if words[0] != "--port":
            assert {"differences", "map", "capabilities", "bars", "facts"} <= page.ids, page.ids
            assert {"svg", "title", "table", "details"} <= page.names
    done = tenon(program, "list", "--report", work / "list.html")
    if done.returncode == 2:
        assert "no PCI bus" in done.stderr, done.stderr
    else:
        assert "functions" in sound((work / "list.html").read_text()).ids
    for words in (["plan", "--report", "card.lspci", NVME], ["plan", "--report", "a.html", "--json", NVME],
                  ["list", "--report", "x"], ["list", "--tree", "--json"]):
        done = tenon(program, *words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, (words, done.stderr)


def pages_escape_names_of_others(program, work):
    evil = "<script>alert('x')</script>&\"\x1b]0;x\x07\u202e"
    odd = work / evil.replace("/", "\u2215")
    odd.write_bytes(NVME.read_bytes())
    text = report(program, work, odd)
    page = sound(text)
    assert "alert" in "".join(page.words)
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)


def pages_take_the_name_when_they_are_whole(program, work):
    (work / "card.lspci").write_bytes(NVME.read_bytes())
    (work / "link.html").symlink_to(work / "card.lspci")
    done = tenon(program, "plan", "--report", work / "link.html", NVME)
    assert done.returncode == 2 and "symbolic link" in done.stderr, done.stderr
    assert (work / "card.lspci").read_bytes() == NVME.read_bytes()
    assert sorted(os.listdir(work)) == ["card.lspci", "link.html"]


def plans_fit_a_screen(program, work):
    del work
    for capture in sorted(CAPTURES.glob("*.lspci")):
        done = tenon(program, "plan", capture)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == "Verdict", lines[0]
        assert len(lines) <= SCREEN, (capture, len(lines))
        assert len(tenon(program, "plan", "-v", capture).stdout.splitlines()) > len(lines)


def a_browser_shows_pages(program, work):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, "no Chromium is installed: tools/dev setup does that"
    report(program, work, NVME, CAPTURES / "lab-igb.lspci")
    for width in (400, 1400):
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work / 'profile'}",
             f"--window-size={width},900", "--enable-logging=stderr", "--log-level=0", "--dump-dom",
             (work / "report.html").as_uri()],
            capture_output=True, timeout=AT_MOST, check=True, text=True)
        assert "CONSOLE" not in done.stderr, done.stderr
        for wanted in ('id="verdict"', 'id="map"', "<svg", "<title>0x0-0x3 ", 'id="capabilities"', "</details>"):
            assert wanted in done.stdout, (width, wanted)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        globals()[sys.argv[2]](sys.argv[1], pathlib.Path(folder))
