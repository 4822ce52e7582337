import io

from rich.console import Console

from bot.display import plain
from bot.terminal import print_essays
from ingest.records import EssayEntry, Manifest


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
