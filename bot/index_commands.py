"""`essay-bot index`: look at the generations of an index, check one, go back to an earlier one."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.options import IndexOption, JsonOption, print_json, read_settings
from ingest.errors import IndexDamaged, IndexMissing

if TYPE_CHECKING:
    from ingest.store import Store

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the generations of an index, check them, go back to an earlier one.",
)

REMEDY = (
    "go back to an earlier one with: essay-bot index rollback, "
    "or name another index with INDEX_DIR and run: essay-bot ingest"
)


@app.command("list")
def list_generations(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Show the generations that are kept, back in time; * is the published one."""
    store = _store(index)
    published = store.published()
    damaged = False
    for name in store.generations():
        mark = "*" if name == published else " "
        try:
            manifest = store.manifest(name)
        except IndexDamaged as error:
            typer.echo(f"{mark} {name}: {error}", err=True)
            damaged = True
            continue
        record = {
            "generation": name,
            "published": name == published,
            "created": manifest.created,
            "essays": len(manifest.essays),
            "passages": manifest.passages,
            "model": manifest.model,
        }
        line = (
            f"{mark} {name}  {manifest.created}  {len(manifest.essays)} essays, "
            f"{manifest.passages} passages, {manifest.model}"
        )
        if as_json:
            print_json(record)
        else:
            typer.echo(line)
    if damaged:
        raise typer.Exit(1)


@app.command()
def rollback(
    generation: Annotated[
        str | None,
        typer.Argument(metavar="GENERATION", help="Which one.", show_default="the one before"),
    ] = None,
    index: IndexOption = None,
) -> None:
    """Answer again from the generation that was published before, at once and for every reader.

    Once more takes it back. The next `ingest` brings the index up to date with the essays folder.
    """
    store = _store(index)
    published, *earlier = store.generations() or [store.published()]
    if not generation and not earlier:
        raise IndexMissing(f"There is no generation before {published} to go back to.")
    name = generation or earlier[0]
    store.republish(name)
    typer.echo(f"Generation {name} is published.")


@app.command()
def verify(index: IndexOption = None, as_json: JsonOption = False) -> None:
    """Check that the published generation is whole: texts, offsets, embeddings, keywords."""
    from ingest.verifying import verify as check

    store = _store(index)
    with closing(store.open(store.published())) as generation:
        problems = check(generation)
        passages = generation.manifest.passages
    if as_json:
        record = {"generation": generation.name, "passages": passages, "problems": problems}
        print_json(record)
    else:
        for problem in problems:
            typer.echo(problem, err=True)
        told = f"has {len(problems)} faults; {REMEDY}" if problems else "is whole"
        typer.echo(f"Generation {generation.name}, {passages} passages, {told}.")
    if problems:
        raise typer.Exit(1)


def _store(index: Path | None) -> "Store":
    from ingest.store import open_store

    settings = read_settings()
    return open_store(index or settings.index_dir, settings.chroma_url)
