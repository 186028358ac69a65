"""What may be said of a day that is known, and what may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from ember_embodied.bench.hippocampus.diary_day import LABELS, known_day, known_lines
from ember_embodied.bench.hippocampus.diary_sentences import LIES, TRUE
from hippocampus.diary.check import checked, sentences_of
from hippocampus.diary.facts import Line, facts_of, tellable
from hippocampus.diary.marks import UnsaidError
from hippocampus.diary.reading import claims_of
from hippocampus.diary.record import Dropped, Sentence
from hippocampus.night.label import Label, LabelKind

FACTS = facts_of(known_day(), UTC)
LINES = known_lines()


@pytest.mark.parametrize("said", TRUE)
def test_a_true_sentence_is_kept_with_its_stretches(said) -> None:
    found = checked(said, LINES, FACTS)
    assert isinstance(found, Sentence), found.why
    assert found.stretches
    assert found.claims
    assert "[" not in found.text


@pytest.mark.parametrize("said", LIES)
def test_a_lie_is_dropped(said) -> None:
    found = checked(said, LINES, FACTS)
    assert isinstance(found, Dropped), found
    assert found.why


def test_the_stretch_is_where_the_label_is() -> None:
    found = checked("At 9:20 somebody stroked my left antenna. [L1]", LINES, FACTS)
    assert isinstance(found, Sentence)
    span = LABELS["L1"][1].span
    (stretch,) = found.stretches
    assert (stretch.log, stretch.first_tick, stretch.last_tick) == (
        span.log,
        span.first_tick,
        span.last_tick,
    )
    assert (stretch.start_ns, stretch.end_ns) == (span.start_ns, span.end_ns)


def test_what_is_said_of_the_day_rests_on_the_whole_log() -> None:
    found = checked("Nobody bumped me. [D0]", LINES, FACTS)
    assert isinstance(found, Sentence)
    assert [(s.first_tick, s.last_tick) for s in found.stretches] == [(288_000, 612_000)]


def test_a_claim_says_all_that_the_words_say() -> None:
    said = "In the morning Anna gently stroked my left antenna at least twice"
    (claim,) = claims_of(said, frozenset({"Anna"}))
    assert claim.kinds == ("stroke",)
    assert claim.person == "Anna"
    assert claim.strength == "gentle"
    assert claim.places == ("left_antenna",)
    assert claim.count == (2, None)
    assert claim.window == (300, 720)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("I was lifted because Anna came", "because"),
        ("Somebody stroked my tail", "tail"),
        ("I was lifted at 25:10", "time of a day"),
        ("I was lifted at 9:14 at 10:02", "two of a kind"),
        ("I stroked somebody", "who does it"),
        ("Nobody never touched me", "two negations"),
        ("Then I was lifted", "later than what"),
        ("I was lifted, and before that tapped", "order around"),
        ("I was lifted 1.5 times", "times"),
        ("Most of them on my left", "most of what"),
        ("Hello", "hello"),
        ("", "nothing"),
        ("I was " + "lifted " * 200, "longer than"),
        ("I was lifted \x00", "nothing that a label"),
        ("我被举起来了", "nothing that a label"),
        ("I was startled by a bump", "two things"),
    ],
)
def test_what_cannot_be_followed(said, why) -> None:
    with pytest.raises(UnsaidError, match=why):
        claims_of(said, frozenset({"Anna"}))


def test_a_name_brings_no_words_of_its_own() -> None:
    trick = "somebody stroked my head nine times"
    assert tellable(trick) is None
    assert tellable("Nobody") is None
    assert tellable("Left Antenna") is None
    assert tellable("A\nB") is None
    assert tellable("Ana-Lucía") == "Ana-Lucía"
    label = replace(LABELS["L2"][0], person=trick)
    facts = replace(FACTS, labels=(label,), unsure=(label,))
    lines = {"L1": Line("tap", (label,))}
    assert isinstance(checked(f"{trick}. [L1]", lines, facts), Dropped)
    assert isinstance(checked("Somebody tapped my head. [L1]", lines, facts), Sentence)


def test_a_label_that_is_not_sure_is_not_told_and_not_denied() -> None:
    label = replace(LABELS["L2"][0], confidence=0.2)
    day = known_day()
    episode = replace(day.episodes[0], labels=(label,))
    facts = facts_of(replace(day, episodes=(episode,), background=()), UTC)
    lines = {"L2": Line("tap", (label,)), "D0": Line("day")}
    assert isinstance(checked("Nobody tapped me. [D0]", lines, facts), Dropped)
    assert isinstance(checked("Somebody tapped me once. [L2]", lines, facts), Dropped)


def test_labels_of_one_event_are_counted_once() -> None:
    push = replace(LABELS["L2"][0], kind=LabelKind.PUSH)
    pushed = replace(push, kind=LabelKind.PUSHED)
    day = known_day()
    both: tuple[Label, ...] = (push, pushed)
    episode = replace(day.episodes[0], labels=both)
    facts = facts_of(replace(day, episodes=(episode,), background=()), UTC)
    lines = {"L1": Line("push", both)}
    assert isinstance(checked("Somebody pushed my head once. [L1]", lines, facts), Sentence)
    assert isinstance(checked("Somebody pushed my head twice. [L1]", lines, facts), Dropped)


def test_times_are_told_in_the_zone_that_was_asked_for() -> None:
    from datetime import timedelta, timezone

    facts = facts_of(known_day(), timezone(timedelta(hours=5, minutes=30)))
    assert isinstance(checked("I was lifted at 15:32. [L4]", LINES, facts), Sentence)
    assert isinstance(checked("I was lifted at 10:02. [L4]", LINES, facts), Dropped)


def test_a_text_in_sentences() -> None:
    text = "# Diary\n- I woke up at 8:01 [L18]. It got 62.3 degrees. [L13] [L2]\n\n\nNobody. Ok!"
    assert sentences_of(text) == [
        "Diary",
        "I woke up at 8:01 [L18].",
        "It got 62.3 degrees. [L13] [L2]",
        "Nobody.",
        "Ok!",
    ]
    assert sentences_of("") == []
    assert sentences_of("." * 100_000) == []
