"""What discovery says of forty titles, real and alike."""

import pytest

from comments.discovery import judge

USUAL_AUTHOR = "david927"
TITLES = [
    ("Ask HN: What are you working on? (September 2026)", USUAL_AUTHOR, "trusted"),
    ("Ask HN: What are you working on? (Aug 2026)", USUAL_AUTHOR, "trusted"),
    ("Ask HN: What are you working on (August 2024)?", USUAL_AUTHOR, "trusted"),
    ("Ask HN: What are you working on?", USUAL_AUTHOR, "trusted"),
    ("Ask HN: What Are You Working On? (June 2025)", USUAL_AUTHOR, "trusted"),
    ("Ask HN: What are you working on? (May 2025)", "somebody", "candidate"),
    ("Ask HN: What are you working on?", "somebody", "candidate"),
    ("Ask HN: What are you working on this year?", USUAL_AUTHOR, "candidate"),
    ("Ask HN: What are you working on this weekend?", "somebody", "candidate"),
    ("Ask HN: What are you currently working on?", "somebody", "candidate"),
    ("Ask HN: What have you been working on?", "somebody", "candidate"),
    ("Ask HN: What is everyone working on?", "somebody", "candidate"),
    ("Ask HN: What's everyone working on this month?", "somebody", "candidate"),
    ("Ask HN: What are people working on in 2025?", "somebody", "candidate"),
    ("Ask HN: What side projects are you working on?", "somebody", "candidate"),
    ("Ask HN: What project are you working on right now?", "somebody", "candidate"),
    ("Ask HN: What were you working on in lockdown?", "somebody", "candidate"),
    ("Ask HN: What are you all working on?", "somebody", "candidate"),
    ("Ask HN: What is HN working on?", "somebody", "candidate"),
    ("Ask HN: What are you working on and why?", "somebody", "candidate"),
    ("Ask HN: Hackers, what are you guys working on?", "somebody", "candidate"),
    ("Ask HN: Who is hiring? (September 2026)", "whoishiring", "refused"),
    ("Ask HN: Who wants to be hired? (September 2026)", "whoishiring", "refused"),
    ("Ask HN: Freelancer? Seeking freelancer? (September 2026)", "whoishiring", "refused"),
    ("Ask HN: What are you reading? (September 2026)", USUAL_AUTHOR, "refused"),
    ("Ask HN: What are you learning?", "somebody", "refused"),
    ("Ask HN: What is Apple working on?", "somebody", "refused"),
    ("Ask HN: What is your company working on?", "somebody", "refused"),
    ("Ask HN: How do you stay motivated when working on side projects?", "somebody", "refused"),
    ("Ask HN: Why are you working on what you are working on?", "somebody", "refused"),
    ("Ask HN: What are you listening to while working?", "somebody", "refused"),
    ("Ask HN: What do you eat when working on a deadline?", "somebody", "refused"),
    ("Ask HN: What tools are you using when working on a Mac?", "somebody", "refused"),
    ("Ask HN: How many hours are you working on average?", "somebody", "refused"),
    ("Ask HN: Is anyone working on a better email client?", "somebody", "refused"),
    ("What we are working on at Acme", "acme", "refused"),
    ("What are you working on? A guide to better stand-ups", "somebody", "refused"),
    ("Show HN: What are you working on? – a status page for teams", "somebody", "refused"),
    ("Tell HN: What I'm working on", "somebody", "refused"),
    ("Ask HN: What are we working on at OpenAI?", "somebody", "refused"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "author", "verdict"), TITLES)
def test_a_title_is_judged(title, author, verdict):
    assert judge(title, author)[0] == verdict


def test_there_are_forty():
    assert len({title for title, _, _ in TITLES}) >= 38
    assert len(TITLES) == 40
