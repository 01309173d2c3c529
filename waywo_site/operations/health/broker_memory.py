"""How much memory the broker has taken of what it may."""

from dataclasses import dataclass

from celery import current_app
from django.template.defaultfilters import filesizeformat

from waywo_site.operations.health.findings import DEGRADED, FAILED, OK, Finding

# Shares of its limit, from which on somebody should look, and from which on it may refuse the next message.
HIGH, FULL = 0.75, 0.95
WAY_OUT = (
    "See on the Overview which queue is long, and start workers for it. Where its work can wait, empty it: manage.py "
    "purge_queue QUEUE; what is due is sent again later. Else raise maxmemory of the broker."
)


@dataclass(frozen=True)
class BrokerMemory:
    """Bytes in use, and at most; ``policy`` is what the broker does when it is full. ``has_limit``: it was set."""

    used: int
    most: int
    has_limit: bool
    policy: str


def broker_memory() -> BrokerMemory | None:
    """Return what Redis or Valkey say; None for RabbitMQ, which tells its clients nothing of it.

    Raises kombu's OperationalError without a broker.
    """
    with current_app.connection_for_read() as connection:
        channel = connection.default_channel
        if not hasattr(channel, "client"):
            return None
        told = channel.client.info("memory")
    limit = int(told.get("maxmemory") or 0)
    machine = int(told.get("total_system_memory") or 0)
    return BrokerMemory(int(told["used_memory"]), limit or machine, bool(limit), told.get("maxmemory_policy", ""))


def finding() -> Finding:
    """Whether the broker has room for more messages, and keeps those that it has."""
    seen = broker_memory()
    if seen is None:
        return Finding(OK, "RabbitMQ tells it on its management page alone; it takes no messages while it is short.")
    share = seen.used / seen.most if seen.most else 0.0
    whose = "its maxmemory" if seen.has_limit else "this machine's memory; it has no limit of its own"
    reason = f"{filesizeformat(seen.used)} of {filesizeformat(seen.most)} ({share:.0%}), {whose}."
    if share > HIGH:
        return Finding(FAILED if share > FULL else DEGRADED, reason, WAY_OUT)
    if seen.has_limit and seen.policy not in ("noeviction", ""):
        fault = f"{reason} When it is full it throws messages away: maxmemory-policy is {seen.policy}."
        return Finding(DEGRADED, fault, "Set maxmemory-policy of the broker to noeviction: a queue is no cache.")
    return Finding(OK, reason)
