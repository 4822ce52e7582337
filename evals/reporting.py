"""A benchmark's report: a table on the terminal, and one HTML file that needs no other."""

import html
import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from rich.console import Console
from rich.table import Table as TerminalTable

from bot.display import plain, plain_line
from evals.errors import FigureUnkept
from evals.figures import Figure

WORST = 10  # questions that a report shows in full
FIGURE_COLUMNS = ("figure", "value", "95 % interval", "questions", "target")
NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Rows of text under a title; all columns but the first are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A drawing, as SVG."""

    title: str
    svg: bytes


@dataclass(frozen=True)
class WorstQuestion:
    """A question that went wrong, in full: what was said about it, by name."""

    question: str
    details: dict[str, str]


@dataclass(frozen=True)
class Report:
    """What one benchmark found; `about` is a sentence on what was measured."""

    name: str
    about: str
    figures: Sequence[Figure]
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    worst: Sequence[WorstQuestion] = ()


def show_number(value: float | None) -> str:
    """Three digits that tell something: 0.512, 81.4, or a dash where there is no number."""
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:.1f}" if abs(value) > 1 else f"{value:.3f}"


def show_interval(figure: Figure) -> str:
    """The interval of a figure, from low to high."""
    if math.isnan(figure.low):
        return NOTHING
    return f"{show_number(figure.low)} to {show_number(figure.high)}"


def figures_table(title: str, figures: Iterable[Figure]) -> Table:
    """Figures as rows."""
    return Table(
        title,
        FIGURE_COLUMNS,
        [
            (
                each.name,
                show_number(each.value),
                show_interval(each),
                str(each.count),
                show_number(each.target),
            )
            for each in figures
        ],
    )


def print_report(console: Console, report: Report) -> None:
    """The figures and tables, as a terminal shows them."""
    console.print(plain(report.about), soft_wrap=True)
    for table in (figures_table(report.name, report.figures), *report.tables):
        console.print()
        console.print(_terminal_table(table))


def _terminal_table(table: Table) -> TerminalTable:
    shown = TerminalTable(title=plain_line(table.title), title_justify="left", box=None)
    for place, column in enumerate(table.columns):
        shown.add_column(plain_line(column), justify="right" if place else "left")
    for row in table.rows:
        shown.add_row(*map(plain_line, row))
    return shown


def write_report(path: Path, report: Report) -> None:
    """Write the HTML file, and the folder it lies in. Raises FigureUnkept."""
    keep(path, as_html(report))


def keep(path: Path, text: str) -> None:
    """Write a file, and the folder it lies in. Raises FigureUnkept."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise FigureUnkept(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that can be."
        ) from error


def as_html(report: Report) -> str:
    """The whole report; everything that was read stands in it as text, never as markup."""
    tables = (figures_table("Figures", report.figures), *report.tables)
    page = Template(resources.files("evals").joinpath("report.html").read_text("utf-8"))
    return page.substitute(
        name=html.escape(report.name),
        about=html.escape(report.about),
        tables="\n".join(map(_html_table, tables)),
        pictures="\n".join(map(_html_picture, report.pictures)),
        worst="\n".join(map(_html_question, report.worst)) or "<p>None.</p>",
    )


def _html_table(table: Table) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    return (
        f"<h2>{html.escape(table.title)}</h2>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"
    )


def _html_picture(picture: Picture) -> str:
    title = html.escape(picture.title)
    source = f"data:image/svg+xml;base64,{b64encode(picture.svg).decode()}"
    return f'<figure><img alt="{title}" src="{source}"><figcaption>{title}</figcaption></figure>'


def _html_question(worst: WorstQuestion) -> str:
    details = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(plain(text))}</dd>"
        for name, text in worst.details.items()
    )
    return f"<h3>{html.escape(plain(worst.question))}</h3>\n<dl>{details}</dl>"
