"""Discord's limits on requests: so many per window and bucket, and so many a second over all."""

import math
import time
from dataclasses import dataclass, field
from zlib import crc32

SENDS = EDITS = (5, 5.0)  # requests, seconds
LIMITS = {
    ("POST", "/channels/{channel_id}/messages"): SENDS,
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): EDITS,
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): SENDS,
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original"): EDITS,
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): EDITS,
    ("POST", "/channels/{channel_id}/typing"): (5, 5.0),
}
OTHER = (30, 1.0)
GLOBAL = (50, 1.0)
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
NOT_COUNTED = "/interactions/"  # neither here nor over all
NOT_COUNTED_GLOBALLY = "/webhooks/"


@dataclass
class Window:
    """So many requests until it ends; the first after that begins another."""

    limit: int
    seconds: float
    ends: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        if now >= self.ends:
            self.ends, self.used = now + self.seconds, 0
        self.used += 1
        return self.used <= self.limit


@dataclass(frozen=True)
class Verdict:
    """Whether a request may pass, and what its answer says of that."""

    headers: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    is_global: bool = False


PASSES = Verdict()


class Limits:
    """All buckets of one bot."""

    def __init__(self) -> None:
        self.of = dict(LIMITS)  # requests and seconds, by method and template
        self._windows: dict[tuple[str, ...], Window] = {}
        self._global = Window(*GLOBAL)

    def take(self, method: str, template: str, values: dict[str, str]) -> Verdict:
        now = time.monotonic()
        if template.startswith(NOT_COUNTED):
            return PASSES
        if not template.startswith(NOT_COUNTED_GLOBALLY) and not self._global.take(now):
            return _global_refusal(self._global.ends - now)
        window = self._window(method, template, values)
        passes = window.take(now)
        left = window.ends - now
        headers = {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(max(window.limit - window.used, 0)),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": f"{crc32((method + template).encode()):x}",
        }
        if passes:
            return Verdict(headers)
        return Verdict(headers | {"X-RateLimit-Scope": "user"} | _patience(left), left)

    def _window(self, method: str, template: str, values: dict[str, str]) -> Window:
        major = [values[name] for name in MAJOR if name in values]
        key = (method, template, *major)
        limit = self.of.get((method, template), OTHER)
        return self._windows.setdefault(key, Window(*limit))


def _global_refusal(left: float) -> Verdict:
    scope = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    return Verdict(scope | _patience(left), left, is_global=True)


def _patience(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(seconds))}
