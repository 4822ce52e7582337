"""Haystack with Chroma.

python with_haystack.py ESSAYS INDEX
"""

import sys
from pathlib import Path

from haystack import Document
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
)
from haystack_integrations.document_stores.chroma import ChromaDocumentStore
from passages import MODEL, read_passages

essays, index = map(Path, sys.argv[1:])
documents = [Document(content=text, meta={"source": s}) for s, text in read_passages(essays)]
embedder = SentenceTransformersDocumentEmbedder(model=MODEL, progress_bar=False)
store = ChromaDocumentStore(persist_path=str(index))
store.write_documents(embedder.run(documents)["documents"])
