"""Scores with their reasons."""

from projects.extraction.rules import scoring


def test_scores_spread_and_give_their_reasons():
    thin, reason = scoring.idea_score("A video game.", 3, has_own_link=False)
    rich, rich_reason = scoring.idea_score(
        "Unlike existing tools, this helps doctors find problems early. We have 200 paying customers. Open source.",
        120,
        has_own_link=True,
    )
    assert (thin, rich) == (2, 10)
    assert "hardly described" in reason
    assert "has users or income" in rich_reason


def test_a_compiler_is_harder_than_a_blog():
    compiler, _ = scoring.complexity_score("A distributed JIT compiler in Rust with its own garbage collector", 1)
    blog, _ = scoring.complexity_score("A simple personal website, writing a blog on WordPress", 1)
    assert compiler >= 8
    assert blog <= 2


def test_scores_stay_between_one_and_ten():
    everything = " ".join(
        "compiler distributed encryption neural net PCB physics 3D Rust cross-platform platform years LLM".split() * 3
    )
    assert scoring.complexity_score(everything, 9)[0] == 10
    assert scoring.idea_score("yet another todo app just for fun, just an idea", 5, has_own_link=False)[0] == 1
    assert len(scoring.complexity_score(everything, 9)[1]) <= 500
