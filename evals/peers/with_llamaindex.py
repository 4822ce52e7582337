"""LlamaIndex with Chroma.

python with_llamaindex.py ESSAYS INDEX
"""

import sys
from pathlib import Path

import chromadb
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.chroma import ChromaVectorStore
from passages import MODEL, read_passages

essays, index = map(Path, sys.argv[1:])
nodes = [TextNode(text=text, metadata={"source": s}) for s, text in read_passages(essays)]
collection = chromadb.PersistentClient(str(index)).create_collection("essays")
VectorStoreIndex(
    nodes,
    storage_context=StorageContext.from_defaults(
        vector_store=ChromaVectorStore(chroma_collection=collection)
    ),
    embed_model=HuggingFaceEmbedding(model_name=MODEL),
)
