"""Errors of measuring, beside those of ingest/errors.py."""

from typing import TYPE_CHECKING

from ingest.errors import EssayBotError

if TYPE_CHECKING:
    import pydantic


class BenchmarkMissing(EssayBotError):
    """The data of a benchmark is not where it was said to be, or is not that benchmark's."""


class ExtraMissing(EssayBotError):
    """A library that only measuring needs is not installed."""


class FigureUnkept(EssayBotError):
    """A report or a baseline cannot be written where it was to be."""


class TextsUnkept(EssayBotError):
    """The texts of a benchmark cannot be written where they are to be read from."""


def first_fault(error: "pydantic.ValidationError") -> str:
    """What does not fit first, and where, as a clause."""
    first = error.errors()[0]
    return ": ".join([*map(str, first["loc"]), first["msg"]])
