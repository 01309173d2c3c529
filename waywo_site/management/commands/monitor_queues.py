from typing import Any

from core.commands import JobCommand
from core.progress import Progress
from waywo_site.operations.health.queue_watch import monitor_queues


class Command(JobCommand):
    help = "Measure the queues, keep a sample of each, and alert where work piles up."
    task_name = "monitor_queues"

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return monitor_queues()

    def summary(self, result: dict[str, Any]) -> str:
        rows = [f"{'queue':<12} {'waiting':>8} {'oldest':>8}  worker  state"]
        for queue in result["queues"]:
            age = "—" if queue["oldest_seconds"] is None else f"{queue['oldest_seconds']:.0f} s"
            worker = "yes" if queue["has_worker"] else "no"
            reason = f": {queue['reason']}" if queue["state"] != "ok" else ""
            rows.append(f"{queue['name']:<12} {queue['waiting']:>8} {age:>8}  {worker:<6}  {queue['state']}{reason}")
        return "\n".join(rows)
