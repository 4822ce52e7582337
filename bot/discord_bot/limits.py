"""How often may someone ask? A bucket a person, a bucket a server, and one for everyone."""

from dataclasses import dataclass
from time import monotonic

from discord.app_commands import Cooldown

MINUTE = 60.0
MOST_BUCKETS = 10_000  # before those that are full again are dropped


@dataclass(frozen=True)
class Rates:
    """Questions a minute."""

    person: int
    server: int
    overall: int


class Limits:
    """Buckets of questions; knows nothing of what is asked."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._overall = Cooldown(rates.overall, MINUTE)
        self._buckets: dict[tuple[str, int], Cooldown] = {}

    def take(self, person: int, server: int) -> float:
        """Take one question; 0, or the seconds to wait, and then nothing was taken."""
        now = monotonic()
        buckets = [self._overall, self._bucket("person", person, self._rates.person)]
        if server:
            buckets.append(self._bucket("server", server, self._rates.server))
        wait = max(bucket.get_retry_after(now) for bucket in buckets)
        if not wait:
            for bucket in buckets:
                bucket.update_rate_limit(now)
        return wait

    def _bucket(self, kind: str, id: int, rate: int) -> Cooldown:
        if len(self._buckets) > MOST_BUCKETS:
            now = monotonic()
            full = [k for k, each in self._buckets.items() if each.get_tokens(now) == each.rate]
            for key in full:
                del self._buckets[key]
        return self._buckets.setdefault((kind, id), Cooldown(rate, MINUTE))
