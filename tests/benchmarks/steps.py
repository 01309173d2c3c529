"""What telling its steps costs a reading: the same comments read with and without, turn and turn about in one process.

Between two versions of the code the figures of ``queue.py`` differ by more than steps cost, from run to run; here each
comment is read both ways, one after the other.

.venv/bin/python -m tests.benchmarks.steps [COMMENTS]
"""

import sys
import time
from statistics import median

from tests.benchmarks.own_servers import own_servers


def main(comments: int = 300) -> None:
    """Print the processor time of a reading, all threads of its process counted, with steps and without."""
    with own_servers(DEBUG="true", FETCH_PAGES="false", LLM_BASE_URL=""):
        from core.jobs import steps
        from core.progress import Progress, no_progress
        from projects.extraction.reading import read_comment
        from tests.factories import make_comment, make_post

        post, task_id = make_post(), "a task"
        ids = [
            make_comment(
                f"I build Thing {number} (https://t{number}.example), a static site generator in Rust.",
                author=f"a{number}",
                post=post,
            ).pk
            for number in range(comments)
        ]

        def note(step: str, done: int, total: int) -> None:
            steps.note(task_id, step, done, total, is_in_batch=True)

        def seconds(pk: int, progress: Progress) -> float:
            began = time.process_time()
            read_comment(pk, progress=progress)
            steps.forget(task_id)
            return time.process_time() - began

        for pk in ids:
            seconds(pk, no_progress)  # reading again costs more than a first reading: all that is measured reads again
        with_steps, without = [], []
        for place, pk in enumerate(ids):
            ways = [(note, with_steps), (no_progress, without)]
            for progress, taken in ways if place % 2 else reversed(ways):
                taken.append(seconds(pk, progress))
    for name, taken in (("without steps", without), ("with them", with_steps)):
        print(f"{comments} readings {name}: {sum(taken):.2f} s, median {1000 * median(taken):.2f} ms")
    print(f"with them {sum(with_steps) / sum(without) - 1:+.1%}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
