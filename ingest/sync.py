"""Bring an index up to date with a folder of essays: read, compare, embed what is new, publish."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.choice import Embedder
from ingest.errors import EssaysMissing, EssayUnreadable, IndexMissing, TooManyRemovals
from ingest.essays import find_essays, fingerprint, read_essay
from ingest.passages import split_passages
from ingest.readers import SUFFIXES
from ingest.records import EssayEntry, IndexedPassage, Manifest, Vector, digest, edition, now
from ingest.store import Draft, Store

if TYPE_CHECKING:
    from langchain_core.documents import Document

    from ingest.embedding import SentenceEmbeddings
    from ingest.index import Generation

MOST_REMOVALS = 0.5  # of the essays, before a sync asks whether it is meant
PASSAGES_AT_ONCE = 1024  # embedded and written together: a long sync needs little memory

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
    refused: bool = False  # a dry run says so where a run would raise TooManyRemovals

    @property
    def changes(self) -> bool:
        """Whether the index must change to match the folder."""
        return bool(self.added or self.updated or self.removed)

    def __str__(self) -> str:
        kinds = ("added", "updated", "unchanged", "removed", "failed")
        counts = ", ".join(f"{len(getattr(self, kind))} {kind}" for kind in kinds)
        if self.dry_run and self.changes:
            refused = " refused without --allow-removals" if self.refused else ""
            return f"Would be{refused}: {counts}. Nothing was written."
        return (
            f"{counts}; the index holds {self.passages} passages, {self.embedded} newly embedded."
        )


def sync(
    essays: Path,
    store: Store,
    embedder: Embedder,
    *,
    dry_run: bool = False,
    allow_removals: bool = False,
    progress: Callable[[SyncReport], Progress] = lambda _plan: lambda _source: None,
) -> SyncReport:
    """Make the index hold exactly the essays of a folder, and publish it if anything changed.

    A file that cannot be read keeps its earlier version, and `failed` tells why. Whatever
    happens, readers see the earlier generation or the new one, whole. The model is loaded only
    if there is text to embed. `progress` gets the plan and returns what is told of each essay.
    Raises EssaysMissing, TooManyRemovals unless `allow_removals`, IndexBusy, IndexDamaged,
    IndexUnwritable, IndexUnreachable, ModelUnavailable and WeightsDamaged.
    """
    before = _published(store)
    plan = _plan(essays, before, embedder.identity)
    if dry_run:
        return replace(plan.report, dry_run=True, refused=plan.refused(allow_removals))
    plan.check_removals(allow_removals)
    if not plan.report.changes:
        return plan.report
    show = progress(plan.report)
    embeddings = embedder.open()
    if plan.to_make:
        embeddings.load()  # what cannot be loaded fails before anything is written
    with store.writing() as draft:
        state = _state(draft.previous)
        if state != before:  # it is others' work
            plan = _plan(essays, state, embeddings.identity)
            plan.check_removals(allow_removals)
            if not plan.report.changes:
                return plan.report
        return _build(plan, draft, embeddings, show)


_State = tuple[str, Manifest] | None  # name and content of the published generation


def _published(store: Store) -> _State:
    try:
        name = store.published()
    except IndexMissing:
        return None
    return name, store.manifest(name)


def _state(generation: "Generation | None") -> _State:
    return (generation.name, generation.manifest) if generation else None


@dataclass(frozen=True)
class _Plan:
    """A folder compared with the published generation."""

    essays: Path
    report: SyncReport
    to_make: list[str]  # sources to read and split
    to_keep: list[str]  # sources that stay as they are
    lost: list[str]  # removed sources whose content is nowhere else in the folder

    @property
    def _known(self) -> int:
        return len(self.report.removed) + len(self.to_keep) + len(self.report.updated)

    def refused(self, allowed: bool) -> bool:
        """Whether more would be removed than is `allowed`."""
        return not allowed and len(self.lost) > self._known * MOST_REMOVALS

    def check_removals(self, allowed: bool) -> None:
        if self.refused(allowed):
            raise TooManyRemovals(
                f"This would remove {len(self.lost)} of {self._known} essays from the index, so "
                f"nothing was done; if {self.essays} is the right folder, run it with "
                "--allow-removals."
            )


def _plan(essays: Path, state: _State, model: str) -> _Plan:
    name, manifest = state or ("", Manifest(model, {}))
    stale = not manifest.made_by(model)
    present, failed = _fingerprints(essays)
    added, updated, unchanged = list[str](), list[str](), list[str]()
    for source, print_ in present.items():
        known = manifest.essays.get(source)
        if known and known.fingerprint == print_ and not stale:
            unchanged.append(source)
        elif reason := _unreadable(essays, source):
            failed[source] = reason
        else:
            (updated if known else added).append(source)
    if not present.keys() - failed.keys():
        raise EssaysMissing(_nothing_readable(essays, failed))
    gone = sorted(manifest.essays.keys() - present.keys())
    failed |= {source: reason for source in gone if (reason := _out_of_sight(source, failed))}
    removed = [source for source in gone if source not in failed]
    prints = set(present.values())
    return _Plan(
        essays=essays,
        report=SyncReport(
            added, updated, unchanged, removed, failed, generation=name, passages=manifest.passages
        ),
        to_make=[*added, *updated],
        to_keep=[*unchanged, *(each for each in failed if each in manifest.essays)],
        lost=[each for each in removed if manifest.essays[each].fingerprint not in prints],
    )


def _fingerprints(essays: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Those of the files, and why others have none; both by source."""
    finding = find_essays(essays)
    found, failed = {}, dict(finding.failed)
    for source, path in finding.paths.items():
        try:
            found[source] = fingerprint(path)
        except EssayUnreadable as error:
            failed[source] = str(error)
    return found, failed


def _out_of_sight(source: str, failed: dict[str, str]) -> str:
    """Why an essay was not found where a failure explains it, else nothing: then it is gone."""
    for place, reason in failed.items():
        if source == place or (place.endswith("/") and f"{source}/".startswith(place)):
            return f"its folder {place}: {reason}" if place != source else reason
    return ""


def _unreadable(essays: Path, source: str) -> str:
    """Why an essay cannot be read, else nothing."""
    try:
        read_essay(essays, essays / source)
    except EssayUnreadable as error:
        return str(error)
    return ""


def _nothing_readable(essays: Path, failed: dict[str, str]) -> str:
    if not failed:
        return f"There are no essays in {essays}; put {', '.join(sorted(SUFFIXES))} files there."
    reasons = "; ".join(f"{source}: {reason}" for source, reason in failed.items())
    return f"None of the files in {essays} can be read ({reasons})."


def _build(
    plan: _Plan, draft: Draft, embeddings: "SentenceEmbeddings", progress: Progress
) -> SyncReport:
    builder = _Builder(draft, embeddings)
    builder.keep(plan.to_keep)
    spoiled: dict[str, str] = {}  # files that could be read when the plan was made; why not now
    for source in plan.to_make:
        progress(source)
        try:
            builder.add(read_essay(plan.essays, plan.essays / source))
        except EssayUnreadable as error:
            spoiled[source] = str(error)
            if draft.previous and source in draft.previous.manifest.essays:
                builder.add(draft.previous.essay(source))
    manifest = builder.finish()
    report = plan.report
    return replace(
        report,
        added=[source for source in report.added if source not in spoiled],
        updated=[source for source in report.updated if source not in spoiled],
        failed=report.failed | spoiled,
        generation=draft.publish(manifest),
        passages=manifest.passages,
        embedded=builder.embedded,
    )


@dataclass(frozen=True)
class _Part:
    """What is embedded and written together."""

    passages: list[IndexedPassage] = field(default_factory=list)
    essays: "list[Document]" = field(default_factory=list)

    @property
    def full(self) -> bool:
        return max(len(self.passages), len(self.essays)) >= PASSAGES_AT_ONCE


class _Builder:
    """Fills a draft, from the previous generation where it can, else by embedding.

    While a part is embedded, the one before it is written and the next one is split.
    """

    def __init__(self, draft: Draft, embeddings: "SentenceEmbeddings") -> None:
        self.embedded = 0
        self._draft = draft
        self._embeddings = embeddings
        self._entries: dict[str, EssayEntry] = {}
        self._vectors: dict[str, Vector] = {}  # by digest, of passages that may come again
        self._pending = _Part()
        self._embedding: tuple[_Part, Callable[[], dict[str, Vector]]] = (_Part(), dict)

    def keep(self, sources: Sequence[str]) -> None:
        """Take over the essays of these sources, and remember the other passages' vectors."""
        previous = self._draft.previous
        manifest = previous.manifest if previous else Manifest(self._embeddings.identity, {})
        entries = {source: manifest.essays[source] for source in sources}
        editions = {edition(source, entry.fingerprint) for source, entry in entries.items()}
        if manifest.made_by(self._embeddings.identity):
            self._vectors = self._draft.keep(editions)
            self._entries.update(entries)
            return
        vectors = self._draft.keep(set())
        if manifest.model == self._embeddings.identity:
            self._vectors = vectors
        if previous:
            for essay in previous.rows.essays(editions):  # other rules or model: only text stays
                self.add(essay)

    def add(self, essay: "Document") -> None:
        """Split an essay into passages, and embed those whose text is new."""
        passages = list(_passages_of(essay, self._embeddings))
        self._entries[essay.metadata["source"]] = EssayEntry(
            title=essay.metadata["title"],
            fingerprint=essay.metadata["fingerprint"],
            text=digest(essay.page_content),
            passages=len(passages),
            added=now(),
            author=essay.metadata.get("author", ""),
        )
        self._pending.essays.append(essay)
        self._pending.passages.extend(passages)
        if self._pending.full:
            self._flush()

    def finish(self) -> Manifest:
        """Write what is left; gives what the generation holds."""
        self._flush()
        self._flush()  # what was pending is being embedded, and written by the next
        return Manifest(self._embeddings.identity, dict(sorted(self._entries.items())))

    def _flush(self) -> None:
        """Begin to embed what is pending, and meanwhile write what was embedded before."""
        part, embedded = self._embedding
        ready = embedded()
        self._embedding = self._pending, self._embed(self._pending, ready)
        self._pending = _Part()
        self._draft.rows.add_passages(part.passages, [ready[each.digest] for each in part.passages])
        self._draft.rows.add_essays(part.essays)

    def _embed(self, part: _Part, ready: dict[str, Vector]) -> Callable[[], dict[str, Vector]]:
        """Begin to embed the texts of a part that are new; gives what waits for all its vectors.

        Those by digest, of which some may be `ready` and not written yet.
        """
        texts = {each.digest: each.text for each in part.passages}
        known = ChainMap(ready, self._vectors)
        found = {key: known[key] for key in texts if key in known}
        found |= self._draft.rows.vectors_of([key for key in texts if key not in found])
        new = {key: text for key, text in texts.items() if key not in found}
        self.embedded += len(new)
        embedded = self._embeddings.begin_documents(list(new.values()))
        return lambda: found | dict(zip(new, embedded(), strict=True))


def _passages_of(essay: "Document", embeddings: "SentenceEmbeddings") -> Iterator[IndexedPassage]:
    text, source = essay.page_content, essay.metadata["source"]
    passages = split_passages(text, embeddings.token_starts(text), embeddings.max_tokens)
    for passage in passages:
        part = text[passage.start : passage.end]
        yield IndexedPassage(
            essay=source,
            edition=edition(source, essay.metadata["fingerprint"]),
            title=essay.metadata["title"],
            start=passage.start,
            end=passage.end,
            text=part,
            digest=digest(part),
        )
