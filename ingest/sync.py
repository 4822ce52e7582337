"""Bring an index up to date with a folder of essays: read, compare, embed what is new, publish."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from langchain_core.documents import Document
from langchain_core.utils.iter import batch_iterate

from ingest import publishing
from ingest.embedding import SentenceEmbeddings
from ingest.errors import EssaysMissing, EssayUnreadable, IndexMissing
from ingest.essays import find_essays, read_essay, source_of
from ingest.index import (
    EssayEntry,
    Generation,
    GenerationWriter,
    IndexedPassage,
    Manifest,
    Vector,
    now,
    read_manifest,
)
from ingest.passages import PASSAGE_RULES, split_passages

PASSAGES_AT_ONCE = 256  # embedded and written together: a long sync needs little memory

Progress = Callable[[str], None]  # told of each essay as its passages are embedded


@dataclass(frozen=True)
class SyncReport:
    """What a sync did, or with `dry_run` would do; essays by their sources."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # source -> reason
    generation: str = ""
    passages: int = 0
    embedded: int = 0
    dry_run: bool = False

    @property
    def changes(self) -> bool:
        """Whether the index must change to match the folder."""
        return bool(self.added or self.updated or self.removed)

    def __str__(self) -> str:
        kinds = ("added", "updated", "unchanged", "removed", "failed")
        counts = ", ".join(f"{len(getattr(self, kind))} {kind}" for kind in kinds)
        if self.dry_run and self.changes:
            return f"Would be: {counts}. Nothing was written."
        return (
            f"{counts}; the index holds {self.passages} passages, {self.embedded} newly embedded."
        )


def sync(
    essays: Path,
    index: Path,
    embeddings: SentenceEmbeddings,
    *,
    dry_run: bool = False,
    progress: Callable[[SyncReport], Progress] = lambda _plan: lambda _source: None,
) -> SyncReport:
    """Make the index hold exactly the essays of a folder, and publish it if anything changed.

    A file that cannot be read keeps its earlier version, and `failed` tells why. Whatever
    happens, readers see the earlier generation or the new one, whole. The model is loaded only
    if there is text to embed. `progress` gets the plan and returns what is told of each essay.
    Raises EssaysMissing, IndexBusy, IndexDamaged, IndexUnwritable, ModelUnavailable and
    WeightsDamaged.
    """
    plan = make_plan(essays, index, embeddings.identity)
    if dry_run or not plan.changes:
        return replace(plan, dry_run=dry_run)
    if plan.added or plan.updated:
        embeddings.load()  # what cannot be loaded fails before anything is written
    with publishing.writing(index):
        plan = make_plan(essays, index, embeddings.identity)  # another writer may just be done
        return _build(essays, index, embeddings, plan, progress(plan))


def make_plan(essays: Path, index: Path, model: str) -> SyncReport:
    """Compare a folder with the published generation: what a sync would do.

    Raises EssaysMissing when the folder holds nothing to read.
    """
    published = _published(index)
    manifest = read_manifest(published) if published else Manifest(model, {})
    stale = (manifest.model, manifest.passage_rules) != (model, PASSAGE_RULES)
    plan = SyncReport(generation=published.name if published else "", passages=manifest.passages)
    paths = find_essays(essays)
    for path in paths:
        _compare(essays, path, manifest, stale, plan)
    present = {source_of(essays, path) for path in paths}
    plan.removed.extend(sorted(manifest.essays.keys() - present))
    if len(plan.failed) == len(paths):
        raise EssaysMissing(_nothing_readable(essays, plan.failed))
    return plan


def _published(index: Path) -> Path | None:
    try:
        return publishing.published(index)
    except IndexMissing:
        return None


def _compare(essays: Path, path: Path, manifest: Manifest, stale: bool, plan: SyncReport) -> None:
    source = source_of(essays, path)
    known = manifest.essays.get(source)
    try:
        fingerprint = read_essay(essays, path).metadata["fingerprint"]
    except EssayUnreadable as error:
        plan.failed[source] = str(error)
        return
    if known is None:
        plan.added.append(source)
    elif stale or known.fingerprint != fingerprint:
        plan.updated.append(source)
    else:
        plan.unchanged.append(source)


def _nothing_readable(essays: Path, failed: dict[str, str]) -> str:
    if not failed:
        return f"There are no essays in {essays}; put .txt or .md files there."
    reasons = "; ".join(f"{source}: {reason}" for source, reason in failed.items())
    return f"None of the files in {essays} can be read ({reasons})."


def _build(
    essays: Path, index: Path, embeddings: SentenceEmbeddings, plan: SyncReport, progress: Progress
) -> SyncReport:
    folder = publishing.new_generation(index)
    published = _published(index)
    opened = Generation(published) if published else nullcontext()
    with opened as previous, GenerationWriter(folder) as writer:
        builder = _Builder(writer, embeddings)
        if previous:
            builder.copy(previous, {*plan.unchanged, *plan.failed})
        for source in [*plan.added, *plan.updated]:
            progress(source)
            builder.add(read_essay(essays, essays / source))
        manifest = builder.finish()
    publishing.publish(index, folder)
    return replace(
        plan,
        generation=folder.name,
        passages=manifest.passages,
        embedded=builder.embedded,
    )


class _Builder:
    """Fills a generation, from the previous one where it can, else by embedding."""

    def __init__(self, writer: GenerationWriter, embeddings: SentenceEmbeddings) -> None:
        self.embedded = 0
        self._writer = writer
        self._embeddings = embeddings
        self._entries: dict[str, EssayEntry] = {}
        self._vectors: dict[str, Vector] = {}  # by digest, of passages that may come again
        self._pending: list[IndexedPassage] = []

    def copy(self, previous: Generation, sources: set[str]) -> None:
        """Take over the essays of these sources, and remember the other passages' vectors."""
        same_model = previous.manifest.model == self._embeddings.identity
        if not same_model or previous.manifest.passage_rules != PASSAGE_RULES:
            self._make_again(previous, sources, same_model)
            return
        for rows in batch_iterate(PASSAGES_AT_ONCE, previous.rows()):
            kept = [row for row in rows if row[0].essay in sources]
            self._write(kept)
            others = (row for row in rows if row[0].essay not in sources)
            self._vectors.update((passage.digest, vector) for passage, vector in others)
        for texts in batch_iterate(PASSAGES_AT_ONCE, previous.essays_of(sources)):
            self._writer.add_essays(texts)
        entries = previous.manifest.essays
        self._entries.update((source, entries[source]) for source in sources & entries.keys())

    def _make_again(self, previous: Generation, sources: set[str], same_model: bool) -> None:
        """Other rules or another model: only an essay's text, or an embedding, can be kept."""
        if same_model:
            rows = previous.rows()
            self._vectors.update((passage.digest, vector) for passage, vector in rows)
        for essay in previous.essays_of(sources):
            self.add(essay)

    def add(self, essay: Document) -> None:
        """Split an essay into passages, and embed those whose text is new."""
        passages = list(_passages_of(essay, self._embeddings))
        self._entries[essay.metadata["source"]] = EssayEntry(
            title=essay.metadata["title"],
            fingerprint=essay.metadata["fingerprint"],
            passages=len(passages),
            added=now(),
        )
        self._writer.add_essays([essay])
        self._pending.extend(passages)
        if len(self._pending) >= PASSAGES_AT_ONCE:
            self._flush()

    def finish(self) -> Manifest:
        """Write what is left, and the manifest."""
        self._flush()
        manifest = Manifest(self._embeddings.identity, dict(sorted(self._entries.items())))
        self._writer.finish(manifest)
        return manifest

    def _flush(self) -> None:
        texts = {passage.digest: passage.text for passage in self._pending}
        new = [digest for digest in texts if digest not in self._vectors]
        vectors = self._vectors | self._embed({digest: texts[digest] for digest in new})
        self._write([(passage, vectors[passage.digest]) for passage in self._pending])
        self._pending.clear()

    def _embed(self, texts: dict[str, str]) -> dict[str, Vector]:
        if not texts:
            return {}
        self.embedded += len(texts)
        vectors = self._embeddings.embed_documents(list(texts.values()))
        return dict(zip(texts, np.asarray(vectors, dtype=np.float32), strict=True))

    def _write(self, rows: Sequence[tuple[IndexedPassage, Vector]]) -> None:
        self._writer.add_passages([row[0] for row in rows], [row[1] for row in rows])


def _passages_of(essay: Document, embeddings: SentenceEmbeddings) -> Iterator[IndexedPassage]:
    text = essay.page_content
    passages = split_passages(text, embeddings.token_starts(text), embeddings.max_tokens)
    for passage in passages:
        part = text[passage.start : passage.end]
        yield IndexedPassage(
            essay=essay.metadata["source"],
            title=essay.metadata["title"],
            start=passage.start,
            end=passage.end,
            text=part,
            digest=hashlib.sha256(part.encode()).hexdigest()[:32],
        )
