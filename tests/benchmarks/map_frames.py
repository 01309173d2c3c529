"""How smooth the map is, and what it sends: ``.venv/bin/python -m tests.benchmarks.map_frames``.

Seeds 50,000 projects into a database of its own (``--data FOLDER`` keeps it for the next run), gives each a dot around
one of 120 areas, and opens the map in Chromium without a window. Prints frames a second while the map is panned and
zoomed by itself, all dots alike and with a search lit, the processor time of our scripts for a frame, which other load
does not distort, and the bytes of the page with all that it loads, as they are sent. Chromium without a graphics card
draws on the processors (SwiftShader), and shares them with whatever else runs: no reader sees fewer frames.
"""

import argparse
import math
import random
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import figure
from tests.benchmarks.seeding import DATA, seeded_servers
from tests.browser.chromium import WAY_OUT, find

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

AREAS, BROAD = 120, 12
SECONDS = 8
SIZE = {"width": 1440, "height": 900}
# Moves in a circle and zooms in and out, a step for each picture of the screen.
MOVE = """async (milliseconds) => {
    const map = document.querySelector(".map-stage").waywo, start = performance.now(), first = map.plot.frames;
    for (let share = 0; share < 1; share = (performance.now() - start) / milliseconds) {
        const turn = 2 * Math.PI * share;
        map.view.go({ x: 0.4 * Math.sin(turn), y: 0.4 * Math.cos(turn), zoom: 1 + 7 * Math.sin(turn / 2) ** 2 }, false);
        await new Promise(requestAnimationFrame);
    }
    return [map.plot.frames - first, (performance.now() - start) / 1000];
}"""


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    path = find()
    if path is None:
        sys.exit(WAY_OUT)
    with seeded_servers(options.projects, options.data, SEARCHES_PER_MINUTE="1000000") as folder:
        from tests.servers.web import Web

        number = place_all()
        with Web(folder) as web:
            measure(web.url, path, number)


def place_all() -> int:
    """Publish each project and give it a dot, where there is no drawing yet; return how many dots there are."""
    from django.utils import timezone

    from projects.mapping.models import Cluster, Dot, Drawing
    from projects.models import Project

    if not Drawing.objects.exists():
        chance = random.Random(16)
        Project.objects.filter(review_status="rejected").update(review_status="pending")
        ids = list(Project.objects.published().order_by("pk").values_list("pk", flat=True))
        drawing = Drawing.objects.create(
            drawn_at=timezone.now(), projects=len(ids), clusters=AREAS + BROAD, seconds=0, method="By chance."
        )
        areas = list(_areas(drawing, chance, len(ids) // AREAS))
        dots = [_dot(pk, chance.choice(areas), chance) for pk in ids]
        Dot.objects.bulk_create(dots, batch_size=5000)
        for area in Cluster.objects.filter(level=Cluster.FINE):
            Cluster.objects.filter(pk=area.pk).update(projects=area.dots.count())
    return Dot.objects.count()


def _areas(drawing: Any, chance: random.Random, size: int) -> Any:
    from projects.mapping.models import Cluster

    for number in range(BROAD):
        turn, far = 2 * math.pi * number / BROAD, 0.6 if number % 2 else 0.3
        x, y = far * math.cos(turn), far * math.sin(turn)
        named = {"drawing": drawing, "named_by": "words"}
        broad = Cluster.objects.create(
            number=number, level=0, name=f"Broad area {number}", x=x, y=y, projects=size * AREAS // BROAD, **named
        )
        for part in range(AREAS // BROAD):
            yield Cluster.objects.create(
                number=BROAD + number * AREAS // BROAD + part, level=1, parent=broad, projects=size,
                name=f"Part {part} of area {number}", x=x + chance.gauss(0, 0.12), y=y + chance.gauss(0, 0.12), **named,
            )  # fmt: skip


def _dot(pk: int, area: Any, chance: random.Random) -> Any:
    from projects.mapping.models import Dot

    x, y = (max(-1, min(1, chance.gauss(middle, 0.05))) for middle in (area.x, area.y))
    return Dot(project_id=pk, x=x, y=y, cluster=area if chance.random() < 0.8 else None)


def measure(url: str, chromium: str, number: int) -> None:
    """Print the figures of the map at ``url``."""
    from playwright.sync_api import sync_playwright

    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-dev-shm-usage", "--no-sandbox"])
        stack.callback(browser.close)
        page = browser.new_page(viewport=SIZE)
        sizes = watch_bytes(page)
        started = time.perf_counter()
        page.goto(f"{url}/map")
        page.locator("[data-drawn]").wait_for(timeout=120_000)
        print(f"{number:,} dots drawn {time.perf_counter() - started:.1f} s after the address was entered")
        show_frames(page, "all dots", f"{number:,} dots")
        page.get_by_role("searchbox", name="Light up what is about").fill("tag:tag1")
        page.get_by_role("button", name="Light up").click()
        page.locator("[data-lit]:not([data-lit=''])").wait_for(timeout=60_000)
        show_frames(page, "some lit", f"{page.locator('.map-stage').get_attribute('data-lit')} lit")
        show_bytes(sizes)


def watch_bytes(page: "Page") -> dict[str, int]:
    """Return the bytes of each answer that the page gets, filled while it loads: bodies as they are sent."""
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    names: dict[str, str] = {}
    session.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))

    def finished(event: dict[str, Any]) -> None:
        name = names.get(event["requestId"], "")
        if name.startswith("http") and "/map/found" not in name and "q=" not in name:
            sizes["/" + name.split("/", 3)[3]] = int(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    return sizes


def show_frames(page: "Page", name: str, what: str) -> None:
    """Move the map for some seconds, and print frames a second and what a frame takes of the page's own thread."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = script_seconds(session)
    frames, seconds = page.evaluate(MOVE, SECONDS * 1000)
    script = (script_seconds(session) - before) / frames * 1000
    print(
        f"{what}: {frames / seconds:.1f} frames a second over {seconds:.1f} s of panning and zooming, "
        f"{script:.1f} ms of processor time in our scripts a frame",
        flush=True,
    )
    figure(f"map, {name}, frames", frames / seconds, "a second")
    figure(f"map, {name}, scripts of a frame", script, "ms")
    session.detach()


def script_seconds(session: "CDPSession") -> float:
    """Return the processor time that the page's scripts have taken."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "ScriptDuration")


def show_bytes(sizes: dict[str, int]) -> None:
    """Print the bytes of the page and of all that it loaded."""
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:60} {size:9,} bytes")
    print(f"{'the page with all of it':60} {sum(sizes.values()):9,} bytes")
    figure("map with all that it loads", sum(sizes.values()), "bytes")


if __name__ == "__main__":
    main()
