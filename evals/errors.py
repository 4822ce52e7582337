"""Errors of measuring, beside those of ingest/errors.py."""

from ingest.errors import EssayBotError


class BenchmarkMissing(EssayBotError):
    """The data of a benchmark is not where it was said to be, or is not that benchmark's."""


class ExtraMissing(EssayBotError):
    """A library that only measuring needs is not installed."""
