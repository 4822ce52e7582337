"""LangChain's plain way: `Chroma.from_documents` with `HuggingFaceEmbeddings`.

python with_langchain.py ESSAYS INDEX
"""

import sys
from pathlib import Path

from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from passages import MODEL, read_passages

essays, index = map(Path, sys.argv[1:])
documents = [Document(text, metadata={"source": source}) for source, text in read_passages(essays)]
Chroma.from_documents(
    documents,
    HuggingFaceEmbeddings(model_name=MODEL, encode_kwargs={"normalize_embeddings": True}),
    persist_directory=str(index),
)
