"""`essay-bot eval`: measure search, answers and refusals, and hold them against earlier figures."""

import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.options import JsonOption, print_json, read_settings
from evals.errors import BenchmarkMissing, ExtraMissing

if TYPE_CHECKING:
    from evals.baseline import Baseline
    from evals.reporting import Report
    from evals.workbench import Workbench
    from ingest.embedding import SentenceEmbeddings

app = typer.Typer(
    no_args_is_help=True,
    help="Measure search, answers and refusals on data you name; each writes a report.",
)

SAMPLE = 600  # questions
LIBRARIES = ("matplotlib", "sklearn", "langchain_text_splitters")
IndexesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Where this benchmark's index is kept.",
        show_default="evals-NAME in INDEX_DIR, or index",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where the report goes.",
        show_default="reports/NAME.html in INDEX_DIR, or index",
    ),
]
AllIndexesOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where indexes are kept.", show_default="INDEX_DIR, or index"),
]
AllReportsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Where reports go.", show_default="reports in INDEX_DIR, or index"
    ),
]
SampleOption = Annotated[
    int, typer.Option(min=0, help="Ask so many questions of squad2, always the same; 0 is all.")
]
Measure = Callable[["Workbench"], "Report"]


@app.command()
def chunking(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="It holds corpora/ and questions.csv.")
    ],
    reproduce: Annotated[
        bool,
        typer.Option("--reproduce", help="Make a published row again, too; that takes minutes."),
    ] = False,
    index: IndexesOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Is the text that answers retrieved, and how much else? Chroma's chunking benchmark."""
    _run("chunking", folder, index, report, as_json, reproduce=reproduce)


@app.command()
def scifact(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="It holds corpus.jsonl, and queries and qrels of train."
        ),
    ],
    index: IndexesOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Are the abstracts that bear on a claim found first? SciFact of BEIR."""
    _run("scifact", folder, index, report, as_json)


@app.command()
def squad2(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="It holds dev-half.json; or such a file.")
    ],
    sample: SampleOption = SAMPLE,
    index: IndexesOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Is what the essays do not answer refused, and what they answer cited? SQuAD 2.0."""
    _run("squad2", folder, index, report, as_json, sample=sample)


@app.command()
def questions(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="It holds questions/*.jsonl and essays/.")
    ],
    index: IndexesOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Are questions over essays answered from the right place, or rightly refused?"""
    _run("questions", folder, index, report, as_json)


@app.command()
def claims(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="It holds the essays of The Federalist.")
    ],
    index: IndexesOption = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which sentences of a chat model would be shown, of faithful and of corrupted ones?"""
    _run("claims", folder, index, report, as_json)


@app.command("all")
def everything(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="It holds benchmarks/, questions/ and essays/.")
    ],
    *,
    index: AllIndexesOption = None,
    report: AllReportsOption = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Earlier figures.", show_default="those of this version"),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Keep these figures as the baseline.")
    ] = False,
    sample: SampleOption = SAMPLE,
    as_json: JsonOption = False,
) -> None:
    """Measure all that is there, and fail where a figure fell below its earlier interval."""
    _check_libraries()
    from evals.baseline import BASELINE, read_baseline, write_baseline

    kept = baseline or BASELINE
    before = read_baseline(kept)
    reports = []
    for measured in _measure_all(folder, index, sample):
        _show(measured, report and report / f"{measured.name}.html", as_json)
        reports.append(measured)
    if update_baseline:
        write_baseline(kept, reports)
        typer.echo(f"These figures are kept in {kept}.", err=True)
        return
    _compare(reports, before, kept)


def _measure_all(folder: Path, index: Path | None, sample: int) -> "Iterator[Report]":
    """A report of each benchmark whose data is there; of the others it is told that it is not."""
    embeddings = _embeddings()
    benchmarks = _benchmarks(folder, sample)
    absent = 0
    for name, measure in benchmarks.items():
        try:
            yield measure(_bench(name, index and index / f"evals-{name}", embeddings))
        except BenchmarkMissing as error:
            typer.echo(f"essay-bot: {name} was left out: {error}", err=True)
            absent += 1
    if absent == len(benchmarks):
        raise BenchmarkMissing(
            f"There is nothing to measure in {folder}; name a folder that holds benchmarks/, "
            "or questions/ and essays/."
        )


def _benchmarks(folder: Path, sample: int) -> dict[str, Measure]:
    """All of them by name, each on its data below `folder`."""
    places = folder / "benchmarks"
    return {
        "chunking": _measure("chunking", places / "chunking"),
        "scifact": _measure("scifact", places / "scifact"),
        "squad2": _measure("squad2", places / "squad2", sample=sample),
        "questions": _measure("questions", folder),
        "claims": _measure("claims", folder / "essays" / "federalist"),
    }


def _measure(name: str, folder: Path, **options: bool | int) -> Measure:
    """What measures the benchmark of this name; imported now, since its libraries are slow to."""
    from evals import chunking, claims, questions, scifact, squad2

    benchmarks = {each.NAME: each for each in (chunking, claims, questions, scifact, squad2)}
    return partial(benchmarks[name].measure, folder, **options)


def _check_libraries() -> None:
    absent = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if absent:
        raise ExtraMissing(
            f"Measuring needs {', '.join(absent)}, which is not installed; "
            'run: pip install "essay-bot[eval]"'
        )


def _run(
    name: str,
    folder: Path,
    index: Path | None,
    report: Path | None,
    as_json: bool,
    **options: bool | int,
) -> None:
    """One benchmark, from its data to its report."""
    _check_libraries()
    measure = _measure(name, folder, **options)
    _show(measure(_bench(name, index, _embeddings())), report, as_json)


def _embeddings() -> "SentenceEmbeddings":
    from ingest.embedding import SentenceEmbeddings

    settings = read_settings()
    return SentenceEmbeddings(settings.embedding_model, settings.embedding_backend)


def _bench(name: str, index: Path | None, embeddings: "SentenceEmbeddings") -> "Workbench":
    from bot.terminal import new_console
    from evals.workbench import Workbench

    place = index or read_settings().index_dir / f"evals-{name}"
    return Workbench(embeddings, place, new_console(stderr=True))


def _show(report: "Report", path: Path | None, as_json: bool) -> None:
    from bot.terminal import new_console
    from evals.reporting import print_report, write_report

    if as_json:
        for figure in report.figures:
            record = {"benchmark": report.name, **_without_nan(asdict(figure))}
            print_json(record)
    else:
        print_report(new_console(), report)
    path = path or read_settings().index_dir / "reports" / f"{report.name}.html"
    write_report(path, report)  # last, since the figures may have taken minutes
    typer.echo(f"The report is {path}", err=True)


def _without_nan(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in record.items()
    }


def _compare(reports: "Sequence[Report]", before: "Baseline", kept: Path) -> None:
    """Tell what fell below its earlier interval, and what has none; the former fails."""
    from evals.baseline import regressions, without_baseline

    for name in without_baseline(reports, before):
        typer.echo(
            f"essay-bot: {kept} has no figures of {name} to compare with; "
            "keep these with --update-baseline.",
            err=True,
        )
    fallen = [each for report in reports for each in regressions(report, before)]
    for each in fallen:
        typer.echo(f"essay-bot: {each}.", err=True)
    if fallen:
        raise typer.Exit(1)
