"""``ember diary``: a day in words, and where in the log each sentence has its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

from ember_embodied.cli.folders import NightsFolder, SleptDay
from ember_embodied.cli.main import complain
from ember_embodied.cli.options import AsJson, ConfigFile, print_json
from ember_embodied.config import load_config
from ember_embodied.errors import UserError, unknown
from ember_embodied.slept_days import slept_day
from ember_embodied.telling import diary_files, tell
from firmware_bridge.clock import SystemClock
from hippocampus.diary.facts import facts_of
from hippocampus.diary.record import DIARY_FILE, Diary, Sentence, read_diary
from hippocampus.diary.settings import BackendName, DiarySettings
from hippocampus.night.episode import Day
from hippocampus.transaction.change import Change
from hippocampus.transaction.journal import NIGHTS, Kind
from hippocampus.transaction.lock import BusyError, held
from hippocampus.transaction.settle import settle


def command(
    date: SleptDay = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"Write it anew with {', '.join(get_args(BackendName))}; see [diary] in "
            "'ember config example'.",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="The backend's model.")
    ] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Write it anew with the backend that is set.")
    ] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Below each sentence, where in the log it is so.")
    ] = False,
    nights: NightsFolder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a day's diary, or write it anew from the day's labels.

    Every sentence rests on labels of the log; what a language model says beyond them is dropped
    and counted. When a model is down, slow or says too little that holds, the template writes, and
    the reason is told.

    Examples:
      ember diary
      ember diary --date 2026-11-22 --prove
      ember diary --backend ollama --model qwen3:4b
      ember diary --rewrite --json
    """
    loaded = load_config(config)
    folder = nights or loaded.sleep.nights
    day = slept_day(folder, date)
    settings = _settings(loaded.diary, backend, model)
    path = folder / day.date / DIARY_FILE
    wanted = rewrite or backend is not None or model is not None or not path.exists()
    diary = _written(folder, day, settings) if wanted else _read(path)
    if as_json:
        print_json(diary)
        return
    told = "\n".join(_proofs(diary, day)) if prove else diary.text
    print(told or "There is nothing in the log of this day.")
    if diary.fell_back is not None:
        complain(f"the template wrote it: {diary.fell_back}")
    for dropped in diary.dropped if prove else ():
        print(f"dropped: {dropped.text}\n    {dropped.why}")
    if diary.dropped_count:
        complain(f"{diary.dropped_count} of {diary.said} sentences had no proof and were dropped")


def _settings(settings: DiarySettings, backend: str | None, model: str | None) -> DiarySettings:
    if backend is not None:
        if backend not in get_args(BackendName):
            raise unknown("backend", backend, get_args(BackendName))
        settings = replace(settings, backend=msgspec.convert(backend, BackendName))
    return settings if model is None else replace(settings, model=model)


def _written(nights: Path, day: Day, settings: DiarySettings) -> Diary:
    """Tell the day and put it in the place of what was told, so that the night can be undone."""
    diary = tell(day, settings, SystemClock())
    change = Change({NIGHTS: nights})
    try:
        with held(nights):
            settle(nights)
            try:
                for file in diary_files(diary):
                    change.put(NIGHTS, f"{day.date}/{file.name}", file.data)
                change.commit(f"the diary of {day.date}", Kind.AMENDS)
            finally:
                change.abandon()
    except BusyError as error:
        raise UserError(str(error)) from error
    return diary


def _read(path: Path) -> Diary:
    try:
        return read_diary(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(f"{path} cannot be read ({error}); 'ember diary --rewrite'") from error


def _proofs(diary: Diary, day: Day) -> Iterator[str]:
    """Each sentence, and below it the stretches that it rests on."""
    facts = facts_of(day)
    for sentence in diary.sentences:
        yield sentence.text
        yield from (f"    {line}" for line in _stretches(sentence, facts.clock))


def _stretches(sentence: Sentence, clock: Callable[[int], str]) -> Iterator[str]:
    for stretch in sentence.stretches:
        ticks = f"{stretch.log}  ticks {stretch.first_tick} to {stretch.last_tick}"
        if stretch.start_ns is None:
            yield f"{ticks}  (the whole day)"
        else:
            yield f"{ticks}  {clock(stretch.start_ns)}"
