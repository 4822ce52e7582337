import io
import re

from rich.console import Console

from bot.display import plain
from bot.terminal import print_essays, sync_progress
from ingest.records import EssayEntry, Manifest
from ingest.sync import SyncReport


def test_an_essay_cannot_steer_the_terminal() -> None:
    assert plain("\x1b[31mred\x07\u202e text\n\tnext") == "[31mred text\n\tnext"


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    output = io.StringIO()
    entry = EssayEntry("[bold]On Cats[/bold]", "f", "t", 3, "2026-01-02T03:04:05+00:00")
    console = Console(file=output, markup=False, width=200)
    print_essays(console, Manifest("model", {"[red]a.txt": entry}))
    assert "[bold]On Cats[/bold]" in output.getvalue()
    assert "[red]a.txt" in output.getvalue()
    assert "2026-01-02" in output.getvalue()


def test_a_log_gets_a_few_lines_however_many_essays_there_are() -> None:
    output = io.StringIO()
    sources = [f"essay{number}.txt" for number in range(1000)]
    with sync_progress(Console(file=output, width=200)) as start:
        tell = start(SyncReport(added=sources))
        for source in sources:
            tell(source)
    lines = output.getvalue().splitlines()
    assert len(lines) == 20
    assert re.fullmatch(r"embedding 50 of 1000, [\d.]+ a second: essay49\.txt", lines[0])


def test_a_terminal_gets_a_bar_with_a_rate_and_the_time_that_is_left() -> None:
    output = io.StringIO()
    console = Console(file=output, width=200, force_terminal=True)
    with sync_progress(console) as start:
        tell = start(SyncReport(added=["a.txt", "b.txt"]))
        tell("a.txt")
    assert "1/2" in output.getvalue()
    assert "a second" in output.getvalue()
    assert "left" in output.getvalue()
