"""The commands of `essay-bot`: read arguments, call one use case, print."""

import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot import doctor_command, index_commands
from bot.display import plain_line
from bot.errors import BatchInvalid, StreamUnusable
from bot.options import IndexOption, JsonOption, check_output, print_json, read_settings
from evals import commands as eval_commands
from ingest.errors import EssayBotError

if TYPE_CHECKING:
    from bot.answering import Answerer
    from bot.jsonl import Request
    from ingest.sync import Progress, SyncReport

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ask a folder of essays a question, and get their own sentences as the answer.\n\n"
    "First `essay-bot ingest`, then `essay-bot ask QUESTION` or `essay-bot chat`. Settings come "
    "from the environment and from a file `.env`; `.env.example` lists them.",
)

app.add_typer(index_commands.app, name="index")
app.add_typer(eval_commands.app, name="eval")

BAD_BYTES = "surrogateescape"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
STDOUT = 1
GARBAGE = 50_000  # new objects between two looks for it: imports and manifests make many to keep
QuestionArgument = Annotated[
    str | None, typer.Argument(metavar="QUESTION", help="The question, in quotes.")
]
BatchOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help='Answer many: a JSON object a line, {"id": ..., "question": ..., "history": '
        '[{"question": ..., "answer": ...}]}; - reads standard input. Prints JSON lines.',
    ),
]


@app.command()
def ingest(
    essays: Annotated[
        Path | None,
        typer.Argument(metavar="ESSAYS", help="The folder.", show_default="ESSAYS_DIR, or essays"),
    ] = None,
    index: IndexOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and write nothing.")
    ] = False,
    allow_removals: Annotated[
        bool,
        typer.Option("--allow-removals", help="Go on even where most of the essays would go."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring the index up to date with a folder of essays: text, Markdown, HTML, PDF, docx, epub.

    Only new and changed essays are embedded. Answers go on meanwhile from the index as it was;
    the new one replaces it in one step.
    """
    from ingest.choice import EmbeddingChoice
    from ingest.store import open_store
    from ingest.sync import sync

    settings = read_settings()
    with _progress() as progress:
        report = sync(
            essays or settings.essays_dir,
            open_store(index or settings.index_dir, settings.chroma_url),
            EmbeddingChoice(settings.embedding_model, settings.embedding_backend),
            dry_run=dry_run,
            allow_removals=allow_removals,
            progress=progress,
        )
    _print_report(report, as_json)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def ask(
    question: QuestionArgument = None,
    index: IndexOption = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question in the essays' own sentences, or say that they do not answer it.

    Each sentence stands word for word in its essay, which is checked before it is shown.

    Example: essay-bot ask "What is energy imperialism?"
    """
    from bot.jsonl import answer_record

    _check_usage(question, batch)
    answerer = _answerer(index)
    if batch is not None:
        _run_batch(
            batch, lambda request: answer_record(answerer.answer(request.question, request.history))
        )
        return
    answer = answerer.answer(question or "")
    if as_json:
        print_json(answer_record(answer))
        return
    from bot.terminal import new_console, print_answer

    print_answer(new_console(), answer)


@app.command()
def search(
    question: QuestionArgument = None,
    index: IndexOption = None,
    limit: Annotated[int, typer.Option("-k", min=1, max=100, help="How many passages.")] = 5,
    batch: BatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the passages nearest to a question, best first, whether or not they answer it.

    Example: essay-bot search "power grids" -k 3
    """
    from bot.jsonl import search_record

    _check_usage(question, batch)
    answerer = _answerer(index)
    if batch is not None:
        _run_batch(
            batch,
            lambda request: search_record(
                request.question, answerer.search(request.question, limit, request.history)
            ),
        )
        return
    ranked = answerer.search(question or "", limit)
    if as_json:
        print_json(search_record(question or "", ranked))
        return
    from bot.terminal import new_console, print_passages

    print_passages(new_console(), ranked)


@app.command()
def chat(index: IndexOption = None) -> None:
    """Ask one question after another; /help inside tells the rest.

    Without a terminal, questions are read from standard input, a line each.
    """
    from bot.repl import chat as run

    _check_input()
    check_output()
    settings = read_settings()
    raise typer.Exit(run(settings, index or settings.index_dir))


@app.command()
def discord(index: IndexOption = None) -> None:
    """Answer in Discord, until it is stopped by Ctrl-C or SIGTERM; needs DISCORD_TOKEN."""
    from bot.discord_bot.running import run

    settings = read_settings()
    run(settings.model_copy(update={"index_dir": index or settings.index_dir}))


app.command()(doctor_command.doctor)


def main() -> None:
    """Run a command; an error meant for a person is one sentence and exit code 1."""
    _set_encodings()
    gc.set_threshold(GARBAGE)
    try:
        app()
    except EssayBotError as error:
        _fail(str(error))
    except OSError as error:
        if error.filename is not None or not _output_fails(error):
            raise
        _fail(f"Standard output takes nothing more ({error.strerror}); send it somewhere else.")


def _fail(told: str) -> NoReturn:
    typer.echo(f"essay-bot: {plain_line(told)}", err=True)
    sys.exit(1)


def _output_fails(error: OSError) -> bool:
    """Told by the error of a full disk; else tried with nothing, so that nothing is added."""
    if error.errno in FULL:
        return True
    try:
        os.write(STDOUT, b"")
    except OSError:
        return True
    return False


def _set_encodings() -> None:
    """What is not UTF-8 comes in marked, so that it can be refused; what cannot be shown is."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors=BAD_BYTES)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _check_input() -> None:
    if sys.stdin is None:
        raise StreamUnusable("Standard input is closed; write the questions there, a line each.")


def _answerer(index: Path | None) -> "Answerer":
    from bot.answering import open_answerer
    from ingest.store import open_store

    settings = read_settings()
    return open_answerer(open_store(index or settings.index_dir, settings.chroma_url), settings)


def _check_usage(question: str | None, batch: str | None) -> None:
    if (question is None) == (batch is None):
        raise typer.BadParameter("give a QUESTION, or many with --batch")


def _run_batch(place: str, answer: "Callable[[Request], dict[str, Any]]") -> None:
    from bot.jsonl import answer_lines

    failures = 0
    with _lines(place) as lines:
        for record in answer_lines(lines, answer):
            print_json(record)
            sys.stdout.flush()
            if "error" in record:
                failures += 1
                typer.echo(f"essay-bot: line {record['line']}: {record['error']}", err=True)
    if failures:
        raise typer.Exit(1)


def _lines(place: str) -> AbstractContextManager[Iterable[str]]:
    if place == "-":
        _check_input()
        return nullcontext(sys.stdin)
    try:
        return Path(place).open(encoding="utf-8", errors=BAD_BYTES)
    except (OSError, ValueError) as error:
        raise BatchInvalid(f"The batch {place} cannot be read ({error}).") from error


@contextmanager
def _progress() -> "Iterator[Callable[[SyncReport], Progress]]":
    with ExitStack() as shown:

        def start(plan: "SyncReport") -> "Progress":
            from bot.terminal import new_console, sync_progress  # once there is something to show

            return shown.enter_context(sync_progress(new_console(stderr=True)))(plan)

        yield start


def _print_report(report: "SyncReport", as_json: bool) -> None:
    if as_json:
        print_json(vars(report))
        return
    for kind, mark in (("added", "+"), ("updated", "~"), ("removed", "-")):
        for source in getattr(report, kind):
            typer.echo(f"{mark} {plain_line(source)}")
    for source, reason in report.failed.items():
        typer.echo(f"essay-bot: {plain_line(source)} was left out: {reason}.", err=True)
    typer.echo(str(report))
