"""Errors of asking, beside those of ingest/errors.py."""

from ingest.errors import EssayBotError


class SettingsInvalid(EssayBotError):
    """A setting, or the file that holds them, cannot be used."""


class QuestionInvalid(EssayBotError):
    """There is no question, or it is too long to be one."""


class BatchInvalid(EssayBotError):
    """A line of a batch is not a question, or the batch cannot be read."""
