"""A model exported for this machine, once, into a cache, and compared with torch before its use.

An export is a folder named by a hash of the model's files, OpenVINO's version and the processor's
precisions, so its content never changes; it is written aside and renamed, so it is whole or not
there.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
import pydantic

from ingest.compiled import CompiledModel, Recipe, precisions, version, write_files
from ingest.errors import first_line
from ingest.models import EmbeddingModel, LocalModel, Vectors, sha256
from ingest.reference import Blueprint, ReferenceModel

RECORD = "export.json"
NAME = re.compile(r"[0-9a-f]{24}|making-.*")  # of an export, and of one that is being made
UNUSED = 30 * 24 * 3600  # seconds since an export was last read, after which it goes
FORM = "4"  # of an export; raise it when this program would write or check another
IN_A_ROW = 6  # sentences of the sample in one example for `rounded`, as in a passage
NEIGHBOURS = 10  # nearest texts of a text, by cosine
ENOUGH = 0.99  # of them, on average, must be the same as with torch

logger = logging.getLogger(__name__)


class NotExported(Exception):
    """The model is left to torch; the message is the reason, a clause."""


@dataclass(frozen=True)
class Export:
    """What is remembered of an export, in export.json."""

    overlap: dict[str, float]  # by precision, what `neighbour_overlap` says; the last one is used
    recipe: Recipe | None  # None if torch must be used
    reason: str = ""  # why
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 of each


def open_export(
    name: str, model: LocalModel, load_reference: Callable[[], ReferenceModel]
) -> CompiledModel:
    """The model compiled for this processor; the first time, it is exported and checked.

    Raises NotExported, and what `load_reference` raises.
    """
    try:
        place = cache_folder() / _key(model)
    except RuntimeError as error:
        raise NotExported("no home directory is known; XDG_CACHE_HOME may name a folder") from error
    export = _read(place)
    if export is None:
        export = _make(name, place, load_reference)
    if export.recipe is None:
        raise NotExported(export.reason)
    try:
        return CompiledModel(place, export.recipe, list(export.overlap)[-1])
    except Exception as error:  # of OpenVINO: no common root
        raise NotExported(f"it cannot be opened ({first_line(error)})") from error


def cache_folder() -> Path:
    """Where exports are kept, each about as large as its model; it may be deleted at any time.

    Raises RuntimeError where neither XDG_CACHE_HOME nor a home directory is known.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache) / "essay-bot" / "embedding"


def neighbour_overlap(some: Vectors, other: Vectors) -> float:
    """The mean share of each text's NEIGHBOURS nearest in one matrix that are so in the other.

    Both are similarities, (texts, texts); a text is not its own neighbour.
    """
    pairs = zip(_neighbours(some), _neighbours(other), strict=True)
    return float(np.mean([len(one & two) / NEIGHBOURS for one, two in pairs]))


def _neighbours(similarities: Vectors) -> list[set[int]]:
    others = similarities.copy()
    np.fill_diagonal(others, -np.inf)
    return [set(row) for row in np.argsort(-others, axis=1)[:, :NEIGHBOURS].tolist()]


def _key(model: LocalModel) -> str:
    """Tells this export from those of other models, machines and versions."""
    parts = [FORM, version(), *precisions(), model.digest]
    for file in sorted(_settings(model.folder)):
        parts += [str(file.relative_to(model.folder)), sha256(file)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _settings(folder: Path) -> Iterator[Path]:
    """The files beside the weights: the tokenizer's, the pooling's, and so on."""
    for pattern in ("*.json", "*.txt", "*.model", "*/config.json"):
        yield from folder.glob(pattern)


_EXPORT = pydantic.TypeAdapter(Export)


def _read(place: Path) -> Export | None:
    """The export, if it is there and whole."""
    try:
        export = _EXPORT.validate_json((place / RECORD).read_bytes())
        whole = all(sha256(place / name) == digest for name, digest in export.files.items())
    except (OSError, ValueError):
        return None
    return export if whole else None


def _make(name: str, place: Path, load_reference: Callable[[], ReferenceModel]) -> Export:
    """Export and check the model in a folder beside `place`, then move it there in one step."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=place.parent, prefix="making-", ignore_cleanup_errors=True
        ) as aside:
            logger.warning(
                "Preparing the embedding model %s for this processor, once; "
                "it takes about a third of a minute.",
                name,
            )
            export = _write(Path(aside) / "export", load_reference())
            shutil.rmtree(place, ignore_errors=True)  # a damaged one
            try:
                (Path(aside) / "export").rename(place)
            except OSError:
                if not (place / RECORD).is_file():  # else another process made it meanwhile
                    raise
        with suppress(OSError):  # another process removes them too
            _remove_unused(place.parent)
    except OSError as error:
        raise NotExported(
            f"its export cannot be written ({error}; XDG_CACHE_HOME says where)"
        ) from error
    return export


def _remove_unused(folder: Path) -> None:
    """Remove what an earlier version exported, or a process that was killed had begun to."""
    for place in folder.iterdir():
        if NAME.fullmatch(place.name) and time.time() - _last_used(place) > UNUSED:
            shutil.rmtree(place, ignore_errors=True)


def _last_used(export: Path) -> float:
    found = [path.stat() for path in export.rglob("*") if path.is_file()]  # a search reads folders
    return max([export.stat().st_mtime, *(max(each.st_atime, each.st_mtime) for each in found)])


def _write(folder: Path, reference: ReferenceModel) -> Export:
    """The export, with the record of it, in a folder that is made."""
    folder.mkdir()
    export = _export(folder, reference)
    digests = {file.name: sha256(file) for file in folder.iterdir()}
    record = json.dumps({**asdict(export), "files": digests})
    (folder / RECORD).write_text(record, "utf-8")
    return export


def _export(folder: Path, reference: ReferenceModel) -> Export:
    """The export's files, or the reason why there can be none."""
    texts = files("ingest").joinpath("sample.txt").read_text("utf-8").splitlines()
    starts = range(0, len(texts), IN_A_ROW)
    blueprint = reference.blueprint([" ".join(texts[first : first + IN_A_ROW]) for first in starts])
    if blueprint is None:
        return Export({}, None, "it is of a kind that only sentence-transformers can run")
    try:
        return _check(folder, blueprint, reference, texts)
    except OSError:  # of the disk: another time it may do
        raise
    except Exception as error:  # of tracing, converting, compiling: no common root
        return Export({}, None, f"it cannot be converted ({first_line(error)})")


def _check(
    folder: Path, blueprint: Blueprint, reference: ReferenceModel, texts: list[str]
) -> Export:
    """The export in the fastest precision that keeps the neighbours of `texts`, and the tokens."""
    expected = _similarities(reference, texts)
    overlap = {}
    for precision in precisions():
        recipe = write_files(blueprint, folder, precision)
        compiled = CompiledModel(folder, recipe, precision)
        overlap[precision] = neighbour_overlap(expected, _similarities(compiled, texts))
        if overlap[precision] >= ENOUGH and _same_tokens(compiled, reference, texts):
            return Export(overlap, recipe)
    found = ", ".join(f"{share:.3f} in {name}" for name, share in overlap.items())
    return Export(overlap, None, f"too few neighbours of a text remain without it ({found})")


def _similarities(model: EmbeddingModel, texts: list[str]) -> Vectors:
    """(texts, texts): the cosine of each text as a question with each as a passage."""
    found: Vectors = model.embed(texts, "query") @ model.embed(texts, "document").T
    return found


def _same_tokens(some: EmbeddingModel, other: EmbeddingModel, texts: list[str]) -> bool:
    whole = "\n".join(texts)
    return some.token_starts(whole) == other.token_starts(whole)
