"""Connections to Chroma, in a folder or on a server, and its errors as ours."""

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

from ingest.errors import IndexDamaged, IndexUnreachable, IndexUnwritable, first_line

if TYPE_CHECKING:
    import httpx
    from chromadb.api.client import Client

FIRST_ANSWER, ANSWER = 10, 120  # seconds that a server may take

_counting = threading.Lock()  # Chroma stops what two clients share while a third begins to use it


def connect_folder(folder: Path) -> "Client":
    """A client of an embedded Chroma; close it with `close_folder`, or its files stay open."""
    import chromadb  # takes half a second, which many a command can do without
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    # The interface it is declared as has no close().
    with _counting:
        return cast("Client", chromadb.PersistentClient(folder, settings=settings))


def close_folder(client: "Client") -> None:
    """Close a client of an embedded Chroma."""
    with _counting:
        client.close()


def connect_server(url: str) -> "Client":
    """A client of a Chroma server. Raises IndexUnreachable."""
    import chromadb
    import httpx  # what Chroma's client speaks with
    from chromadb.config import Settings

    parts = _address(url)
    secure = parts.scheme == "https"
    headers = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    try:
        place = f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if secure else 80)}"
        heartbeat = httpx.get(f"{place}/api/v2/heartbeat", headers=headers, timeout=FIRST_ANSWER)
        heartbeat.raise_for_status()
        client = chromadb.HttpClient(
            parts.hostname or "",
            parts.port or (443 if secure else 80),
            ssl=secure,
            headers=headers,
            settings=Settings(anonymized_telemetry=False),
        )
    except (ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(without_password(url), error) from error
    for session in _sessions(client):
        session.timeout = ANSWER  # Chroma's client would wait for ever
    return cast("Client", client)


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        good = False
    if not good or parts.path.strip("/"):
        raise IndexUnreachable(
            f"CHROMA_URL is {without_password(url)}, which is no address of a server; "
            "write it like http://localhost:8000, with nothing behind the port."
        )
    return parts


def without_password(url: str) -> str:
    """The address as it may be shown."""
    return re.sub(r"//[^/@]*@", "//", url)


def disconnect(client: "Client") -> None:
    """End the connection to a server, which Chroma's own close() leaves open."""
    for session in _sessions(client):
        session.close()
    client.close()


def _sessions(client: Any) -> list["httpx.Client"]:
    return [part._server._session for part in (client, client._admin_client)]


def _unreachable(place: object, error: Exception) -> IndexUnreachable:
    return IndexUnreachable(
        f"The Chroma server of the index {place} does not answer ({first_line(error)}); "
        "see that it runs, and that CHROMA_URL is right."
    )


@contextmanager
def storing(place: object) -> Iterator[None]:
    """Chroma's errors within as ours: IndexUnwritable, of a full disk say, or IndexUnreachable."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except httpx.HTTPError as error:
        raise _unreachable(place, error) from error
    except ChromaError as error:
        raise IndexUnwritable(
            f"The index {place} could not be read or written ({first_line(error)}); "
            "what was published before is as it was. See that there is space, and try again; where "
            "that does not help, name another index with INDEX_DIR and run: essay-bot ingest"
        ) from error
    except Exception as error:  # what Chroma raises for an answer not its own, of a proxy say
        answer = error.__context__
        if type(error) is not Exception or not isinstance(answer, httpx.HTTPStatusError):
            raise
        raise _unreachable(place, answer) from error


def damaged(place: object, error: Exception) -> IndexDamaged:
    """A generation that cannot be opened, and what to do about it, be it in a folder or not."""
    return IndexDamaged(
        f"The index generation {place} cannot be opened ({first_line(error)}); go back to an "
        "earlier one with: essay-bot index rollback, or name another index with INDEX_DIR and run: "
        "essay-bot ingest"
    )
