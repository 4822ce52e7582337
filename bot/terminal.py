"""Answers, passages and progress as a terminal shows them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.citations import Citation
from bot.display import plain, plain_line
from bot.options import check_output

if TYPE_CHECKING:
    from bot.answering import Surroundings
    from bot.answers import Answer
    from bot.doctor import Finding
    from bot.retrieval import RankedPassage
    from ingest.records import Manifest
    from ingest.sync import Progress, SyncReport

LOG_LINES = 20
MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "problem": ("✗", "bold red")}
QUOTED_INSTEAD = "; these are the essays' own sentences."


def new_console(stderr: bool = False) -> Console:
    """A console that never takes text for markup. Raises StreamUnusable where output is closed."""
    if not stderr:
        check_output()
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def print_answer(console: Console, answer: "Answer") -> None:
    """The answer, each of an essay's own sentences apart, then where each quote stands."""
    from bot.answers import QUOTING  # what an answer is made by is loaded by now

    quoted = [f"“{each.quote}” [{each.number}]" for each in answer.citations]
    lines = quoted if quoted and answer.model == QUOTING else [answer.text]
    for line in lines:
        _show(console, Text(plain(line), style="yellow" if answer.refused else ""))
    if answer.note:
        instead = QUOTED_INSTEAD if answer.citations else "."
        _show(console, Text(f"{plain(answer.note)}{instead}", style="yellow"))
    if answer.citations:
        console.print()
    for citation in answer.citations:
        _show(console, _place(citation))


def _show(console: Console, text: Text, indent: int = 0) -> None:
    """Wrapped on a terminal; in a pipe as it is, since its reader breaks lines itself."""
    if console.is_terminal:
        console.print(Padding(text, (0, indent)))
    else:
        console.print(text, soft_wrap=True)


def _place(citation: Citation) -> Text:
    """A citation on its own line, which a name cannot break."""
    place = f"[{citation.number}] {citation.origin}"
    offsets = f"  {citation.essay}, characters {citation.start}–{citation.end}"
    also = "".join(f"; also {each.essay}, {each.start}–{each.end}" for each in citation.also)
    return Text.assemble((plain_line(place), "bold"), (plain_line(offsets + also), "dim"))


@contextmanager
def show_draft(console: Console, waiting: str) -> Iterator[Callable[[str], None]]:
    """While the block runs, show that something is done, then the draft handed in, then nothing."""
    spinner = Spinner("dots", Text(waiting))
    with Live(spinner, console=console, transient=True, refresh_per_second=8) as live:

        def show(draft: str) -> None:
            live.update(Text(f"draft: {plain(draft)}", style="dim italic"))

        yield show


def print_surroundings(console: Console, citation: Citation, found: "Surroundings") -> None:
    """A citation in its paragraph, the quote highlighted."""
    _show(console, _place(citation))
    paragraph = Text.assemble(
        (plain(found.before), "dim"),
        (plain(citation.quote), "bold reverse"),
        (plain(found.after), "dim"),
    )
    _show(console, paragraph, indent=2)


def print_passages(console: Console, ranked: "Sequence[RankedPassage]") -> None:
    """Passages, best first, each with its place."""
    for number, each in enumerate(ranked, start=1):
        passage = each.passage
        citation = Citation(
            number, passage.essay, passage.title, passage.text, passage.start, passage.end
        )
        _show(console, _place(citation))
        _show(console, Text(plain(passage.text)), indent=2)
        console.print()


def print_essays(console: Console, manifest: "Manifest") -> None:
    """What is in the index: an essay a row."""
    table = Table("essay", "title", "passages", "since", box=None, pad_edge=False)
    for source, entry in manifest.essays.items():
        title = ", ".join(filter(None, (entry.title, entry.author)))
        row = (plain_line(source), plain_line(title), str(entry.passages), entry.added[:10])
        table.add_row(*row)
    console.print(table)


def print_findings(console: Console, findings: "Iterable[Finding]") -> None:
    """Each as soon as it is made: in a table on a terminal, else on a line of its own."""
    if not console.is_terminal:
        for found in findings:
            line = plain_line(f"{found.state}: {found.name}: {found.told}")
            console.print(line, soft_wrap=True)
        return
    table = Table("", "", "", box=None, pad_edge=False, show_header=False)
    with Live(Group(table, Spinner("dots")), console=console) as live:
        for found in findings:
            mark, style = MARKS[found.state]
            name, told = plain_line(found.name), plain_line(found.told)
            table.add_row(Text(mark, style), Text(name, "bold"), Text(told))
        live.update(table)


@contextmanager
def sync_progress(console: Console) -> Iterator["Callable[[SyncReport], Progress]"]:
    """A bar with rate and remaining time on a terminal; elsewhere a line now and then."""
    if not console.is_terminal:
        yield lambda plan: _log_lines(console, plan)
        return
    columns = (
        TextColumn("Embedding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("essays, {task.fields[rate]} a second,"),
        TimeRemainingColumn(),
        TextColumn("left  {task.description}", markup=False),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading the model", total=None, rate="?")

        def start(plan: "SyncReport") -> "Progress":
            bar.update(task, total=_essays_to_make(plan))

            def show(source: str) -> None:
                rate = f"{bar.tasks[0].speed or 0:.1f}"
                bar.update(task, advance=1, description=plain_line(source), rate=rate)

            return show

        yield start


def _log_lines(console: Console, plan: "SyncReport") -> "Progress":
    """About LOG_LINES of them, however many essays there are."""
    total = _essays_to_make(plan)
    begin, done = time.monotonic(), 0

    def log(source: str) -> None:
        nonlocal done
        done += 1
        if done % max(total // LOG_LINES, 1) == 0:
            rate = done / (time.monotonic() - begin + 1e-9)
            line = f"embedding {done} of {total}, {rate:.1f} a second: {plain_line(source)}"
            console.print(line, soft_wrap=True)

    return log


def _essays_to_make(plan: "SyncReport") -> int:
    return len(plan.added) + len(plan.updated)
