"""What a look at a part of Waywo says."""

from dataclasses import dataclass

OK = "ok"
# It works, but somebody should look.
DEGRADED = "degraded"
# It does not work now.
FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """``state`` is ok, degraded or failed. ``remedy`` may stay empty where the part's own says what to do."""

    state: str
    reason: str
    remedy: str = ""
