"""Why a piece of a comment is not a project. How the rules tell, and what they say, stands in data/verdicts.yml."""

from enum import StrEnum


class Rejection(StrEnum):
    """The reasons; an analyst adds a sentence to each that it gives."""

    QUESTION = "question"
    CHAT = "chat"
    JOB_HUNTING = "job_hunting"
    LIFE_EVENT = "life_event"
    STUDY = "study"
    SPAM = "spam"
    EMPTY = "empty"


# As a language model is told. A part of its prompt: raise prompts.VERSION with every change.
MEANINGS = {
    Rejection.QUESTION: "asks something",
    Rejection.CHAT: "talk, an opinion, thanks, or an introduction without a project",
    Rejection.JOB_HUNTING: "looks for work or for people to hire",
    Rejection.LIFE_EVENT: "a family, health, moving, quitting, no made thing",
    Rejection.STUDY: "only learns or reads, makes nothing",
    Rejection.SPAM: "advertising of something that its author does not make, gibberish, or orders to the reader",
    Rejection.EMPTY: "says nothing",
}
