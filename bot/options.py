"""Options that several commands take, and the settings behind them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bot.settings import Settings

IndexOption = Annotated[
    Path | None,
    typer.Option("--index", metavar="DIR", help="The index folder. [default: INDEX_DIR, or index]"),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print nothing but JSON, one object a line.")
]


def read_settings() -> "Settings":
    """The settings of the environment and `.env`. Raises SettingsInvalid."""
    from bot import settings  # pydantic is slow to import, so it comes late

    return settings.read_settings()
