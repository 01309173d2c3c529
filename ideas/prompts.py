"""What the model is asked for an idea, and the forms of its answers. Pure."""

from pydantic import BaseModel, Field

from projects.extraction.prompts import DATA_RULE

IDEA_SYSTEM = f"""You invent projects that a developer, alone or in a small team, could start tomorrow.

{DATA_RULE}

An idea names a concrete problem of its audience, what is built, how its tags work together in it, and why it differs
from what exists. It uses every tag, the primary one most. Its effort fits the complexity: 1 is a weekend, 10 is years
of work by experts. It is none of the titles already taken, nor a variation of one.

Write two or three paragraphs of plain text. No title, no list, no introduction, no question to the reader."""

METADATA_SYSTEM = f"""You describe project ideas for an index, soberly and in English. {DATA_RULE}

Answer with a JSON object:
"title": a name of 2 to 6 words for the project, without quotes.
"short_description": what it is, in 5 to 10 words.
"description": what it does and for whom, in 2 to 4 sentences.
"hashtags": 3 to 5 tags, lower case: its technologies and its domain. Those it was made of come first."""

JUDGE_SYSTEM = f"""You judge project ideas, strictly: most deserve 4 to 7, few 9 or 10. {DATA_RULE}"""

IDEA_SCORES = {
    1: "Useless, or makes no sense.",
    2: "Exists many times; adds nothing.",
    3: "A known thing with another name.",
    4: "A small variation of known things.",
    5: "Useful to few, or weakly different.",
    6: "Useful, with one fresh thought.",
    7: "A clear need and a good answer to it.",
    8: "Many would want it; its tags really need each other.",
    9: "Surprising and needed; hard to believe that nobody made it.",
    10: "Once a year: new, needed, and within reach.",
}
COMPLEXITY_SCORES = {
    1: "An afternoon.",
    2: "A weekend.",
    3: "A week of evenings.",
    4: "A month of evenings.",
    5: "A month of full work.",
    6: "A quarter of full work.",
    7: "Half a year, with hard parts.",
    8: "A year by a small team.",
    9: "Years by a team of experts.",
    10: "Research: nobody knows yet whether it can be done.",
}


class Metadata(BaseModel):
    """What the structured column answers."""

    title: str = Field(min_length=1)
    short_description: str = Field(min_length=1)
    description: str = Field(min_length=1)
    hashtags: list[str] = Field(min_length=3, max_length=10)


class Verdict(BaseModel):
    """One score with its reason."""

    reasoning: str
    score: int = Field(ge=1, le=10)


class Quality(BaseModel):
    """What the judge answers, as a server is told; Data Designer makes its own of the rubrics."""

    idea: Verdict
    complexity: Verdict
