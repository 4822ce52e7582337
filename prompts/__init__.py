"""Every word said to a model, one text file a prompt, placeholders written $like_this."""

from importlib import resources
from string import Template


def read_prompt(name: str, **values: str) -> str:
    """The prompt `name` with its placeholders filled in. Raises KeyError for a missing value."""
    text = resources.files(__name__).joinpath(f"{name}.txt").read_text("utf-8")
    return Template(text.rstrip("\n")).substitute(values)
