"""txtai's embeddings database, with content.

python with_txtai.py ESSAYS INDEX
"""

import sys
from pathlib import Path

from passages import MODEL, read_passages
from txtai import Embeddings

essays, index = map(Path, sys.argv[1:])
embeddings = Embeddings(path=MODEL, content=True)
embeddings.index({"text": text, "source": source} for source, text in read_passages(essays))
embeddings.save(str(index))
