"""`essay-bot doctor`: shows what an examination finds, and fails if there is a problem."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.options import IndexOption, JsonOption, print_json

if TYPE_CHECKING:
    from bot.doctor import Finding


def doctor(
    index: IndexOption = None,
    online: Annotated[
        bool,
        typer.Option("--online", help="Also ask the chat model and Discord, over the network."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check that all is there and works, and tell what to do where it does not.

    The essays, the index and the settings stay as they are. Exit code 1 means that there is a
    problem; a warning is none.
    """
    states: set[str] = set()
    findings = _watched(states, index, online)
    if as_json:
        for finding in findings:
            print_json(dataclasses.asdict(finding))
    else:
        from bot.terminal import new_console, print_findings

        print_findings(new_console(), findings)
    if "problem" in states:
        raise typer.Exit(1)


def _watched(states: set[str], index: Path | None, online: bool) -> "Iterator[Finding]":
    """The findings as they are made, the states of which are added to `states`."""
    from bot.doctor import examine

    for finding in examine(index, online):
        states.add(finding.state)
        yield finding
