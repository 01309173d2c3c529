from typing import Any

from core.commands import JobCommand
from core.progress import Progress
from projects.analytics.computing import generate_analytics


class Command(JobCommand):
    help = "Compute the figures of each month and thread; manage.py analytics shows them."
    task_name = "generate_analytics"

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return generate_analytics(progress=progress)

    def summary(self, result: dict[str, Any]) -> str:
        return f"{result['periods']} periods computed in {result['seconds']} s."
