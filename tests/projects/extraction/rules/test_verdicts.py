"""What is called a project, what is not, and why not."""

import pytest

from projects.extraction.rejections import Rejection
from projects.extraction.rules.prose import read_prose
from projects.extraction.rules.verdicts import judge


@pytest.mark.parametrize(
    ("text", "rejection"),
    [
        ("", Rejection.EMPTY),
        ("🚀🔥", Rejection.EMPTY),
        ("def f(x):\n    return {x: 1};", Rejection.EMPTY),
        ("https://news.ycombinator.com/item?id=1", Rejection.EMPTY),
        ("What does everyone use for hosting small sites these days?", Rejection.QUESTION),
        ("Does anyone know a good book on compilers?", Rejection.QUESTION),
        ("Great thread, thanks for posting!", Rejection.CHAT),
        ("Nothing interesting. But it pays the bills.", Rejection.CHAT),
        ("I'm not working on anything at the moment, sadly.", Rejection.CHAT),
        ("Looking for a new job. It's rough out there.", Rejection.JOB_HUNTING),
        ("Mostly interviewing, I was laid off in June.", Rejection.JOB_HUNTING),
        ("Myself. I had surgery in May and I need to rest.", Rejection.LIFE_EVENT),
        ("We just had a baby, so sleep is the only thing on my list.", Rejection.LIFE_EVENT),
        ("Learning Finnish, slowly.", Rejection.STUDY),
        ("I have been reading a textbook on statistics all summer.", Rejection.STUDY),
        ("Contact a professional hacker to recover your lost bitcoin today", Rejection.SPAM),
    ],
)
def test_no_project(text, rejection):
    verdict = judge(read_prose(text))
    assert verdict.rejection is rejection
    assert verdict.reason.endswith(".")
    assert len(verdict.reason) <= 300


@pytest.mark.parametrize(
    "text",
    [
        "I'm learning CAD by making a fan shroud for my old car.",
        "I got laid off in May, so I'm building a time tracker for freelancers.",
        "Learn Japanese by reading comics on your phone: https://manga.example",
        "What if your shell could explain itself? I'm writing one that does.",
        "A no-code tool to create visual tests.",
        "Pre-Web Hypermedia",
        "My AI safety startup",
        "https://fern.example",
        "Fern is a diary for plants that I finished last week, after learning to code.",
        "I quit my job last year and have been working on my own tea shop since.",
    ],
)
def test_a_project(text):
    assert judge(read_prose(text)).rejection is None


@pytest.mark.parametrize(
    "text",
    [
        "I have been reading about robots. Next I will try to build one.",
        "I'd like to build something some day, but I have no energy left.",
        "I'm studying hard and I hope to make a game eventually.",
    ],
)
def test_plans_and_wishes_are_no_projects(text):
    assert judge(read_prose(text)).rejection is not None


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("I'm building a flute tuner.", True),
        ("Thanks, great thread!", True),
        ("A stock screener for small exchanges.", True),
        ("Long walks with a friend's dog", False),
        ("The weather here has been strange all week and so have I.", False),
    ],
)
def test_how_sure_a_verdict_is(text, sure):
    assert (judge(read_prose(text)).confidence >= 0.5) is sure


@pytest.mark.parametrize(
    "text",
    [
        "What Simon has done with Datasette is amazing. https://datasette.example got me through school.",
        "If you haven't tried it, https://draw.example is fantastic.",
        "Wow, is https://news.example still around?",
        "Download Photomangle free, full version with serial keys: https://keys.example/p",
        "My startup got acquired in April.",
        "Gave up on my SaaS in May.",
        "I was going to post my project, but three of you have built it.",
        "To be honest I haven't been building much of anything since spring.",
        "I don't have time for side projects anymore.",
    ],
)
def test_praise_of_others_and_what_is_over_are_no_projects(text):
    assert judge(read_prose(text)).rejection is not None


@pytest.mark.parametrize(
    "text",
    [
        "I'm creating a tool that rewrites resumes for job applications.",
        "Learning Welsh from the news: that is what Tonnau does. Lessons are up at https://tonnau.example",
        "Yes. Wherrydeck, a card catalogue for museums: https://wherrydeck.example",
        "Thanks to all who tried Fogline! It's an offline journal. https://fogline.example",
        "Learning to draw with a daily comic, 200 strips live at https://mittens.example",
        "Same as always, bookmarking for PDFs. https://paperclip.example",
    ],
)
def test_a_single_word_of_work_study_or_thanks_decides_nothing(text):
    assert judge(read_prose(text)).rejection is None
