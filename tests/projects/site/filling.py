"""A small index with one of everything, and the addresses of all pages of the site over it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.urls import URLPattern, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from projects.analytics.computing import generate_analytics
from projects.asking.questions import share
from projects.language.embeddings import WordLlamaEmbedder
from projects.mapping.models import Cluster, Dot, Drawing
from projects.models import Extraction, Page, Project, Submission, Tag
from projects.site.urls import urlpatterns
from tests.factories import POSTED_AT, make_comment, make_post, make_project
from tests.projects.site.asking import answered, asked, sentence

MONTH = "2026-09"
TITLES = (
    "Ledger",
    "Compiler for gardeners",
    "Synthesizer",
    "Chess engine",
    "Bread timer",
    "Map of wells",
    "Type foundry",
)
TAGS = ("rust", "c++", "open-source", "accounting", "games")
STEPS = [{"step": "segment_and_judge", "seconds": 0.01, "outcome": "1 of 2 segments are projects"}]
TEXT = (
    "<p>Hello! I have been busy.<p>I am building {title} (https://{host}.example/a/long/path), which does one thing "
    "well.<p>And <i>I read</i> a lot:<pre><code>  print(1)\n  a_very_long_line_of_code(that, goes, on, and, on, and, "
    "on, beyond, the, width, of, a, phone)</code></pre>"
)


def fill_site() -> dict[str, Any]:
    """Save three months with seven projects, one of them in each month; return what the addresses of pages take."""
    vectors = WordLlamaEmbedder().embed_now(list(TITLES))
    tags = [Tag.objects.create(name=name) for name in TAGS]
    projects = [_project(number, vector) for number, vector in enumerate(vectors)]
    for number, project in enumerate(projects):
        project.tags.set([tags[number % 5], tags[(number + 1) % 5]])
    for back in range(3):
        posted_at = POSTED_AT - timedelta(days=30 * back)
        post = make_post(
            posted_at=posted_at, month=9 - back, title=f"Ask HN: What are you working on? (2026-{9 - back:02})"
        )
        for number, project in enumerate(projects[: 1 if back else None]):
            _appearance(project, number, post, posted_at)
    draw(projects)
    generate_analytics()
    question = answered(asked(), sentence("Compiler for gardeners is for gardeners.", 3))
    return {
        "project": {"pk": projects[0].pk},
        "area": {"number": 1},
        "thread": {"pk": post.pk},
        "month": {"month": MONTH},
        "tag": {"name": "c++"},
        "author": {"source": "hn", "name": "alice"},
        "sitemap": {"section": "projects"},
        "question": {"pk": question.pk},
        "shared": {"share_id": share(question.conversation)},
    }


def draw(projects: Sequence[Project]) -> Drawing:
    """Save a drawing of ``projects``: the first five in two areas of one broad one, the others between the areas."""
    drawing = Drawing.objects.create(
        drawn_at=timezone.now(), projects=len(projects), clusters=3, seconds=1, method="By hand."
    )
    broad = Cluster(drawing=drawing, number=0, level=0, name="Making things", x=0, y=0, projects=5, terms=["make"])
    broad.save()
    fine = [
        Cluster(drawing=drawing, number=number, level=1, parent=broad, name=name, x=x, y=0.2, projects=3 - at)
        for at, (number, name, x) in enumerate([(1, "Money & <b>books</b>", -0.5), (2, "Sound", 0.5)])
    ]
    Cluster.objects.bulk_create(fine)
    for number, project in enumerate(projects):
        x, y = (number % 3) / 2 - 0.5, (number // 3) / 2 - 0.5
        Dot.objects.create(project=project, x=x, y=y, cluster=fine[number % 2] if number < 5 else None)
    return drawing


def _project(number: int, vector: list[float]) -> Project:
    host = f"https://site{number}.example/a/long/path"
    url = "" if number == 3 else host
    Page.objects.create(url=host, status=200, title="What it calls itself", fetched_at=timezone.now())
    return make_project(
        title=TITLES[number],
        short_description=f"{TITLES[number]}: one thing, done well",
        description="It does one thing.\n\nAnd it does it well.",
        primary_url=url,
        urls=[url, "https://dead.example/"] if url else [],
        url_summaries={url: "What the page says."} if url else {},
        idea_score=None if number == 2 else number + 3,
        idea_reason="Names the problem that it solves.",
        complexity_score=10 - number,
        review_status="approved" if number % 2 else "pending",
        embedding=vector,
        embedding_model=WordLlamaEmbedder().name,
        first_seen_at=POSTED_AT - timedelta(days=60 if number == 0 else 0),
    )


def _appearance(project: Project, number: int, post: Any, posted_at: Any) -> None:
    comment = make_comment(
        TEXT.format(title=project.title, host=f"site{number}"),
        post=post,
        posted_at=posted_at + timedelta(hours=number),
        author="bob" if number > 4 else "alice",
        status="processed",
    )
    found = f"I am building {project.title} (https://site{number}.example/a/long/path), which does one thing well."
    Submission.objects.create(project=project, comment=comment, text=found)
    Extraction.objects.create(
        comment=comment, analyst="rules", prompt_version=1, status="succeeded", started_at=posted_at,
        finished_at=posted_at, steps=STEPS,
    )  # fmt: skip


def name_of(pattern: URLPattern) -> str:
    """Return what stands for a page in the name of a test."""
    return str(pattern.pattern) or "home"


def address(pattern: URLPattern, known: dict[str, Any]) -> str:
    """Return the address of a page with what ``fill_site`` returned."""
    wanted = pattern.pattern.converters
    if "pk" in wanted:
        kind = name_of(pattern).split("/")[0]
        values = known.get({"threads": "thread", "ask": "question"}.get(kind, "project"), {}) | {"slug": "x"}
    else:
        values = {name: value for each in known.values() for name, value in each.items()}
        if name_of(pattern).startswith("authors"):
            values |= known["author"]
        elif "name" in wanted:
            values |= known["tag"]
    path = reverse(f"site:{pattern.name}", kwargs={name: values[name] for name in wanted})
    return f"{path}?q=ledger" if pattern.name in ("search-feed", "map-found") else path


PATTERNS = [pattern for pattern in urlpatterns if isinstance(pattern.pattern, RoutePattern)]
