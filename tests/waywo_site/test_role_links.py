"""No page of the admin leads a person to one that their role may not see."""

import re
from collections import deque

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from tests.waywo_site.test_admin import fill
from waywo_site import roles

pytestmark = pytest.mark.django_db

HREF = re.compile(r'<a\b[^>]*\bhref="([^"#]+)"')
# Ends the session; and the same list in another order or narrowed by a filter is the same page.
LEFT_OUT = {reverse("admin:logout")}


def links(page: str, url: str) -> set[str]:
    """Return the paths of the admin that a page at ``url`` leads to."""
    found = {href.split("?")[0] for href in HREF.findall(page)}
    absolute = {href if href.startswith("/") else url.rsplit("/", 1)[0] + "/" + href for href in found if href}
    return {href for href in absolute if href.startswith("/admin/")} - LEFT_OUT


@pytest.mark.parametrize("role", roles.NAMES)
def test_no_link_leads_to_a_page_without_the_right_to_it(client, django_user_model, role):
    fill(2)
    user = django_user_model.objects.create_user("someone", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    waiting, seen, refused = deque(["/admin/"]), {"/admin/"}, []
    while waiting:
        url = waiting.popleft()
        answer = client.get(url)
        if answer.status_code == 403:
            refused.append(url)
        if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
            continue
        for link in sorted(links(answer.text, url) - seen):
            seen.add(link)
            waiting.append(link)
    assert len(seen) > 40
    assert refused == []
