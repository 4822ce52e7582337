"""What the server does wrong on purpose, and how it breaks a connection."""

import socket
import struct
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web


@dataclass
class Fault:
    """Happens to the next `times` requests with this method, to a path that looks like this.

    `*` in a path or alone as a method is anything. With a status, the request is answered with it
    and not applied. Otherwise the answer takes longer by `seconds`, or the connection is reset,
    before or after the request was `applied`.
    """

    method: str = "*"
    path: str = "*"
    times: int = 1
    status: int = 0
    retry_after: float = 1.0
    seconds: float = 0.0
    resets: bool = False
    applied: bool = False

    def takes(self, method: str, path: str) -> bool:
        """Whether it happens to this request, which it then has."""
        happens = (
            self.times > 0 and fnmatchcase(method, self.method) and fnmatchcase(path, self.path)
        )
        self.times -= happens
        return happens

    @property
    def answer(self) -> tuple[dict[str, Any], dict[str, str]]:
        """The body and headers for the status."""
        if self.status != 429:
            return {"message": f"{self.status}: on purpose", "code": 0}, {}
        body = {"message": "You are being rate limited.", "retry_after": self.retry_after}
        headers = {"Retry-After": str(self.retry_after), "X-RateLimit-Scope": "shared"}
        return body | {"global": False}, headers


NO_FAULT = Fault(times=0)


def hang_up(request: web.Request) -> None:
    """Reset the connection, as a server or a network does that fails."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection:
        at_once = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    transport.abort()
