"""What those who follow a reading are told that it is at."""

from core.progress import Progress

# The methods of the workflow by what they are called outside; saving comes after the workflow.
TOLD = {
    "segment_and_judge": "segmenting",
    "check_duplicates": "checking_duplicates",
    "fetch_linked_pages": "fetching_pages",
    "describe_projects": "describing",
    "embed_projects": "embedding",
    "save": "saving",
}


def tell(progress: Progress, method: str) -> None:
    """Tell ``progress`` that a reading has come to the step of a method, and how many of all steps are behind it."""
    progress(TOLD[method], list(TOLD).index(method), len(TOLD))
