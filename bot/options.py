"""Options that several commands take, the settings behind them, and what --json prints."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.errors import StreamUnusable

if TYPE_CHECKING:
    from bot.settings import Settings

IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index", metavar="DIR", help="The index folder.", show_default="INDEX_DIR, or index"
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print nothing but JSON, one object a line.")
]


def read_settings() -> "Settings":
    """The settings of the environment and `.env`. Raises SettingsInvalid."""
    from bot import settings  # pydantic is slow to import, so it comes late

    return settings.read_settings()


def check_output() -> None:
    """Raises StreamUnusable where nobody could see what is printed."""
    if sys.stdout is None:
        raise StreamUnusable("Standard output is closed; send it somewhere, or to /dev/null.")


def print_json(record: dict[str, Any]) -> None:
    """An object on a line; in ASCII, which is JSON anywhere, where the output is not UTF-8.

    Raises StreamUnusable.
    """
    check_output()
    utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(record, ensure_ascii=not utf8))
