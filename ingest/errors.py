"""Errors a person can act on: each message says what happened, where, and what to do next."""


class EssayBotError(Exception):
    """Base of every error whose message is meant for a person."""


class EssaysMissing(EssayBotError):
    """There is no folder of essays, or nothing in it can be read."""


class TooManyRemovals(EssayBotError):
    """A sync would remove most of the index, which is seldom meant."""


class EssayUnreadable(EssayBotError):
    """One file is not an essay we can read; the message is the reason, without the file's name."""


class IndexMissing(EssayBotError):
    """Nothing has been published at this place yet."""


class IndexMismatch(EssayBotError):
    """The index was made by another embedding model or other rules than the ones in use."""


class IndexDamaged(EssayBotError):
    """A published generation cannot be opened."""


class IndexUnwritable(EssayBotError):
    """The index folder cannot be written, which Chroma does even to read it."""


class IndexUnreachable(EssayBotError):
    """The Chroma server that holds the index does not answer."""


class IndexBusy(EssayBotError):
    """Another process is writing this index."""


class ModelUnavailable(EssayBotError):
    """The embedding model is not on this machine and could not be loaded."""


class WeightsDamaged(EssayBotError):
    """The default model's weights are not the official ones."""


def first_line(error: BaseException) -> str:
    """What an error of a library says first, as a clause of a sentence, or else its name."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
