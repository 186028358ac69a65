"""The page about a day: whole, on its own, kind about what is missing."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from cerebellum.cerebellum import Cerebellum
from cerebellum.keeping import keep
from cerebellum.settings import CerebellumSettings
from ember_embodied import learning_history
from ember_embodied.errors import UserError
from ember_embodied.report.drawing import Across, nice_above
from ember_embodied.report.findings import read
from ember_embodied.report.page import page
from hippocampus.night.episode import Day, Episode, Hour, Kept, LogFile, Reason
from hippocampus.night.label import Label, LabelKind, Span
from hippocampus.night.totals import day_totals

DATE = "2026-11-20"
START_NS = 1_795_000_000_000_000_000
MINUTE_NS = 60_000_000_000
VOID = {"meta", "link", "br", "img", "hr", "input"}


def label(kind: LabelKind, minute: float, **facts) -> Label:
    start_ns = START_NS + round(minute * MINUTE_NS)
    first = round(minute * 600)
    return Label(
        kind, Span("s/000000.mcap", first, first + 20, start_ns, start_ns + 2 * 10**9), **facts
    )


def a_day() -> Day:
    episodes = []
    for number in range(20):
        at = 30.0 * number
        labels = (
            label(LabelKind.TAP, at, place="head", text="gentle", strength=0.3),
            label(LabelKind.TURNED, at + 1, bearing_rad=0.5, amount=0.8, found=True),
            label(LabelKind.VOICE, at + 2, text="<script>alert(1)</script>", person="A & B"),
        )
        start = labels[0].span
        span = replace(start, end_ns=start.start_ns + 5 * MINUTE_NS)
        reasons = (Reason("touch", 0.9), Reason("people", 0.2))
        kept = (Kept.RAW, Kept.THINNED, Kept.FORGOTTEN)[number % 3]
        key = f"s:{span.first_tick}-{span.last_tick}"
        episodes.append(Episode(key, (span,), 1.0 - number / 20, reasons, kept, labels))
    background = (
        label(LabelKind.FAULT, 3, text="IMU_STALE"),
        label(LabelKind.OWN_MOVEMENT, 4, amount=1.0),
    )
    hours = [Hour(h, 36000, 3600.0, 3000.0, 900.0, 5000.0, 41.0, 7.1) for h in range(8, 18)]
    totals = day_totals(episodes, background, hours, 5.0)
    file = LogFile("s/000000.mcap", 10, "0" * 64, 100, 0, 99, 0.5, Kept.RAW, 10, ("a torn chunk",))
    return Day(DATE, tuple(episodes), background, totals, (file,))


@pytest.fixture
def nights(tmp_path) -> Path:
    folder = tmp_path / "nights" / DATE
    folder.mkdir(parents=True)
    day = a_day()
    (folder / "day.json").write_bytes(msgspec.json.encode(day))
    spans = [msgspec.to_builtins(episode.spans[0]) for episode in day.episodes[:2]]
    sentences = [
        {"text": f"Sentence {number} <b>.", "stretches": [span]}
        for number, span in enumerate(spans)
    ]
    whole = {"log": "s/000000.mcap", "first_tick": 0, "last_tick": 99}
    sentences.append({"text": "I was awake all day.", "stretches": [whole]})
    diary = {"date": DATE, "sentences": sentences, "dropped": [{"text": "x", "why": "y"}]}
    (folder / "diary.json").write_text(json.dumps(diary))
    return tmp_path / "nights"


@pytest.fixture
def state(tmp_path) -> Path:
    folder = tmp_path / "state"
    known = Cerebellum(CerebellumSettings(), 0.1, np.random.default_rng(1))
    keep(folder, known.states(), 0.1)
    for number in range(3):
        entry = learning_history.entry(START_NS + number * MINUTE_NS, known.states())
        learning_history.append(folder, replace(entry, looks=number))
    return folder


class Tags(HTMLParser):
    """Checks that tags close in order; collects ids, links and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.seen.add(tag)
        if "id" in facts:
            assert facts["id"] not in self.ids
            self.ids.add(facts["id"])
        if tag == "a":
            self.links.append(facts["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_stands_alone(nights, state):
    found = read(nights, state, None)
    assert dict(found.missing) == {}
    html = page(found)
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert not {"script", "iframe", "img", "object"} & tags.seen
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", html) == []
    assert "@import" not in html
    assert "url(" not in html
    assert "<script>alert" not in html
    assert "A &amp; B" in html
    assert "Sentence 0 &lt;b&gt;." in html
    assert re.search(r"\b(nan|inf|None)\b", html) is None
    assert len(html) < 400_000


def test_each_sentence_leads_to_its_moment(nights, state):
    tags = Tags()
    tags.feed(page(read(nights, state, DATE)))
    assert len(tags.links) == 3
    assert all(link[1:] in tags.ids for link in tags.links)
    assert len(set(tags.links)) == 3
    assert tags.links[-1] == "#the-day"


def test_what_is_missing_is_said_kindly(nights, tmp_path):
    (nights / DATE / "diary.json").unlink()
    found = read(nights, tmp_path / "nowhere", None)
    assert set(found.missing) == {"diary", "learned"}
    html = page(found)
    assert html.count('class="missing"') >= 3
    assert "Nobody has told this day yet" in html


def test_an_empty_day_still_makes_a_page(nights, state):
    day = replace(a_day(), episodes=(), background=(), totals=day_totals((), (), (), None), logs=())
    (nights / DATE / "day.json").write_bytes(msgspec.json.encode(day))
    tags = Tags()
    tags.feed(page(read(nights, state, None)))
    assert tags.open == []


@pytest.mark.parametrize("content", ["{", '{"date": 3}'])
def test_a_damaged_day_or_diary_is_told(nights, state, content):
    (nights / DATE / "diary.json").write_text(content)
    assert "cannot be read" in read(nights, state, None).missing["diary"]
    (nights / DATE / "day.json").write_text(content)
    with pytest.raises(UserError, match="cannot be read"):
        read(nights, state, None)


def test_a_day_that_no_night_has_read_is_refused_with_those_that_are(nights, state):
    with pytest.raises(UserError, match=f"ember sleep --date 2026-01-01.*{DATE}"):
        read(nights, state, "2026-01-01")


def test_round_times_and_values():
    along = Across(1000.0, 1000.0 + 4 * 3600.0, 0.0)
    assert [text for _, text in along.ticks()] == ["01:00", "02:00", "03:00", "04:00"]
    assert [nice_above(value) for value in (0.0, 0.3, 7.0, 10.0, 101.0)] == [
        1.0,
        0.5,
        10.0,
        10.0,
        200.0,
    ]


def test_in_a_real_browser_it_fits_a_phone_and_asks_for_nothing(nights, state, tmp_path):
    driver = pytest.importorskip("playwright.sync_api")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium here")
    path = tmp_path / "report.html"
    path.write_text(page(read(nights, state, None)), encoding="utf-8")
    with driver.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            view = chromium.new_page(
                viewport={"width": 360, "height": 740},
                color_scheme=scheme,
                java_script_enabled=True,
            )
            told: list[str] = []
            asked: list[str] = []
            view.on("console", lambda message, told=told: told.append(message.text))
            view.on("request", lambda request, asked=asked: asked.append(request.url))
            view.goto(path.as_uri())
            assert view.evaluate("document.documentElement.scrollWidth") == 360
            assert told == []
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        chromium.close()
