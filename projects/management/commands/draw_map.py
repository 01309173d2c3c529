from typing import Any

from core.commands import JobCommand
from core.progress import Progress
from projects.mapping.drawing import draw_map
from projects.mapping.layout_process import DrawingFailed


class Command(JobCommand):
    help = "Draw the map of all projects anew: where each lies, and what the areas are called."
    task_name = "draw_map"
    expected_errors = (DrawingFailed,)

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return draw_map(progress)

    def summary(self, result: dict[str, Any]) -> str:
        if result["status"] == "skipped":
            return str(result["reason"])
        moved = result["median_moved"]
        told = "" if moved is None else f" Those of before moved by {moved:.2%} of the width (median)."
        return (
            f"{result['projects']} projects drawn, {result['clusters']} named areas, in {result['seconds']} s."
            f"{told} {result['method']}"
        )
