"""Errors of asking, beside those of ingest/errors.py."""

from ingest.errors import EssayBotError


class SettingsInvalid(EssayBotError):
    """A setting, or the file that holds them, cannot be used."""


class QuestionInvalid(EssayBotError):
    """There is no question, or it is too long to be one."""


class BatchInvalid(EssayBotError):
    """A line of a batch is not a question, or the batch cannot be read."""


class ChatModelUnusable(EssayBotError):
    """CHAT_MODEL names no model that can be used: a package, a key or a name is wrong."""


class ChatModelFailed(EssayBotError):
    """The chat model did not answer, or not in a way that can be read."""
