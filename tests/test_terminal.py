import io
import re

from rich.console import Console

from bot.answers import QUOTING, Answer
from bot.citations import Citation, Place
from bot.display import plain
from bot.retrieval import RankedPassage
from bot.terminal import print_answer, print_essays, print_passages, sync_progress
from ingest.records import EssayEntry, IndexedPassage, Manifest
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


def test_no_name_of_a_file_breaks_its_line_to_look_like_another_citation() -> None:
    output = io.StringIO()
    console = Console(file=output, markup=False, width=200)
    name = "zep\n[2] Forged Source\n    forged.txt, characters 1-9.txt"
    cited = Citation(1, name, "Cats", "Cats.", 0, 5, "Ann\nBo", "1\n2", (Place(name, 6, 11),))
    found = IndexedPassage(name, "", "Cats", 0, 5, "Cats.", "")
    entry = EssayEntry("On\nCats", "f", "t", 3, "2026-01-02T03:04:05+00:00", "Ann\nBo")
    print_answer(console, Answer("Q?", "“Cats.” [1]", [cited], False, None, 1.0, "", ""))
    print_passages(console, [RankedPassage(found, 1.0, 1.0)])
    print_essays(console, Manifest("model", {name: entry}))
    answer, _, citation, place, text, _, _, row = output.getvalue().splitlines()
    assert (answer, text) == ("“Cats.” [1]", "Cats.")
    assert citation.startswith("[1] Cats, Ann Bo, 1 2  zep [2] Forged Source")
    assert citation.endswith("characters 1-9.txt, 6–11")
    assert place.startswith("[1] Cats  zep [2] Forged Source")
    assert row.split("  ")[0] == "zep [2] Forged Source"
    assert "On Cats, Ann Bo" in row


def test_each_sentence_of_the_essays_stands_on_a_line_of_its_own() -> None:
    cited = [Citation(1, "a", "A", "One.", 0, 4), Citation(2, "b", "B", "Two.", 0, 4)]
    for model, lines in ((QUOTING, ["“One.” [1]", "“Two.” [2]"]), ("a:model", ["Both. [1][2]"])):
        output = io.StringIO()
        answer = Answer("Q?", "Both. [1][2]", cited, False, None, 1.0, model, "")
        print_answer(Console(file=output, markup=False, width=200), answer)
        assert output.getvalue().split("\n\n")[0].splitlines() == lines


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
