"""What a project is called that nobody named: a phrase, never a clause and never another's product."""

import pytest

from projects.extraction.rules.prose import read_prose
from projects.extraction.rules.titles import find_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("I'm working on a collaborative crossword editor.", "Collaborative crossword editor"),
        ("Building a tool to align two versions of a film.", "Tool to align two versions of a film"),
        ("Since last spring I've been restoring a rowing boat.", "Rowing boat"),
        ("I'm porting Doom to my dishwasher.", "Porting Doom to my dishwasher"),
        ("I wanted a calendar that doesn't nag, so I made one.", "Calendar that doesn't nag"),
        ("Officially retired. Working on yet another static site generator.", "Static site generator"),
        ("Ok, this is silly, but: a website that names clouds.", "Website that names clouds"),
        ("Update: the tea timer has shipped.", "Tea timer"),
    ],
)
def test_phrases(text, title):
    assert find_title(read_prose(text), [], "") == (title, False)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Plumkit¹ sorts plums by size.", "Plumkit"),
        ("www.selkieboard.com", "Selkieboard.com"),
        ("I made `plum-sort`, a git hook that sorts plums.", "plum-sort"),
        ("`plumd`: a daemon for plums.", "plumd"),
    ],
)
def test_signs_around_a_title_go(text, title):
    assert find_title(read_prose(text), [], "")[0].lower() == title.lower()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Plum ReaderCurrently adding a second dictionary.", "Plum Reader"),
        ("Selkie BoardThis is a board for tides.", "Selkie Board"),
        ("PlumItems is an app for plums.", "PlumItems"),
    ],
)
def test_a_title_ends_where_its_line_break_was_lost(text, title):
    assert find_title(read_prose(text), [], "")[0] == title
