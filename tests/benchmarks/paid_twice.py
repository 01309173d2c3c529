"""What is paid twice when a run of 20 comments is killed (-9) in the middle and started again, and when read anew.

.venv/bin/python -m tests.benchmarks.paid_twice
"""

import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks.own_servers import own_servers
from tests.servers.llm import LLMServer, Says, reader

COMMENTS = 20
ANSWER_SECONDS = 0.1
ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"data-[0-9a-f]{16}")


def asked(server: LLMServer) -> Counter[str]:
    """Return how often each question was asked."""
    return Counter(MARK.sub("", str(request["messages"])) for request in server.requests)


def slowly(request: dict[str, Any]) -> Says:
    """Answer as a sensible model, after a while."""
    says = reader(request)
    return Says(says.text, hang=ANSWER_SECONDS)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "process_waywo_comments", "--json", *arguments]


def main() -> None:
    """Read, kill, read on; then read all again, from what was kept and anew."""
    with (
        LLMServer(otherwise=slowly) as server,
        own_servers(LLM_BASE_URL=server.url, LLM_MODEL="scripted", FETCH_PAGES="false", DEBUG="true"),
    ):
        from comments.models import Comment
        from projects.models import KeptAnswer, Project
        from tests.factories import make_comment

        for number in range(COMMENTS):
            make_comment(f"I am building tool{number} (https://tool{number}.example), a thing.", author=f"a{number}")
        run = subprocess.Popen(command(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(server.requests) < COMMENTS and run.poll() is None:
            time.sleep(0.01)
        run.kill()
        run.wait()
        kept, sent = KeptAnswer.objects.count(), len(server.requests)
        under_way = Comment.objects.filter(status="processing")
        print(f"killed after {sent} calls: {kept} answers kept, {under_way.count()} comment under way")
        # What reconciling does when the dead worker's claim is over.
        under_way.update(status="pending", claimed_at=None, claimed_by="")
        subprocess.run(command(), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        twice = sum(asked(server).values()) - len(asked(server))
        projects = Project.objects.count()
        print(f"{len(server.requests)} calls for {COMMENTS} comments with {projects} projects")
        print(f"asked twice: {twice}, of them calls whose answer had come: {twice - (sent - kept)}")
        for arguments in ((), ("--fresh",)):
            before = len(server.requests)
            ids = [str(pk) for pk in Comment.objects.values_list("pk", flat=True)]
            subprocess.run(command("--comment-ids", *ids, *arguments), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            print(f"read again {' '.join(arguments)}: {len(server.requests) - before} calls")


if __name__ == "__main__":
    main()
