"""What earlier versions of this program wrote, made of what it writes today."""

from ingest.index import Rows


def keep_texts_as_documents(rows: Rows) -> None:
    """Have texts where they were before: among Chroma's documents, not in the metadata."""
    for collection in (rows._passages, rows._essays):
        held = collection.get(include=["metadatas", "embeddings"])
        metadatas = [dict(each) for each in held["metadatas"] or []]
        texts = [str(each.pop("text")) for each in metadatas]
        collection.delete(ids=held["ids"])
        collection.add(
            ids=held["ids"],
            embeddings=held["embeddings"],
            metadatas=metadatas,  # type: ignore[arg-type]
            documents=texts,
        )
