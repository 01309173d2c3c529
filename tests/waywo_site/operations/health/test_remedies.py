"""What health tells somebody to do can be done as it stands there."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from waywo_site.operations.health.parts import PARTS

OPERATIONS = settings.BASE_DIR / "waywo_site" / "operations"
FILES = (*OPERATIONS.rglob("*.py"), settings.BASE_DIR / "projects" / "checks.py")
TEXT = "\n".join(file.read_text() for file in FILES)
OWN = set(re.findall(r"^([a-z-]+):.*##", (settings.BASE_DIR / "Makefile").read_text(), re.MULTILINE))
VARIABLES = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text(), re.MULTILINE))


def test_every_command_that_is_named_exists_and_none_is_bare():
    assert set(re.findall(r"manage\.py (\w+)", TEXT)) <= set(get_commands())
    assert set(re.findall(r"\bmake ([a-z]+)(?=[.,)])", TEXT)) <= OWN
    assert "celery --app" not in TEXT


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_says_what_to_do_with_variables_that_there_are(part):
    assert part.remedy.endswith(".")
    assert set(re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", part.remedy)) <= VARIABLES
    options = re.findall(r"(?<!manage.py run_worker )--[a-z]+", part.remedy)
    assert not options, "an option goes with its command"
