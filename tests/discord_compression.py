"""How the gateway packs what it sends, in the way that the client asked for."""

import importlib
import zlib
from collections.abc import Callable

Compress = Callable[[bytes], bytes]


def compressor(kind: str | None) -> Compress | None:
    """One for each connection: later messages are packed with the earlier ones in mind."""
    if kind == "zlib-stream":
        return _zlib()
    if kind == "zstd-stream":
        return _zstd()
    return None


def _zlib() -> Compress:
    stream = zlib.compressobj()
    return lambda content: stream.compress(content) + stream.flush(zlib.Z_SYNC_FLUSH)


def _zstd() -> Compress:
    library = importlib.import_module("zstandard")  # a client that has it asks for it
    stream = library.ZstdCompressor().compressobj()

    def compress(content: bytes) -> bytes:
        packed: bytes = stream.compress(content) + stream.flush(library.COMPRESSOBJ_FLUSH_BLOCK)
        return packed

    return compress
