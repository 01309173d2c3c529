"""The figures of a month in the admin."""

from datetime import UTC, datetime

from django.urls import reverse

from projects.models import Analytics


def test_the_lists_of_a_month_are_tables_that_say_how_much_they_leave_out(admin_client):
    names = [f"tag{number:02}" for number in range(30)]
    row = Analytics.objects.create(
        **{"year": 2026, "month": 9, "comments": 1450, "read_comments": 4, "valid_comments": 3, "projects": 3},
        **{"projects_seen_again": 1, "authors": 4, "returning_authors": 2, "new_tags": names[1:2]},
        tags=[{"name": name, "count": 1200 - at, "growth": None if at else 0.5} for at, name in enumerate(names)],
        tag_pairs=[{"tags": ["rust", "game"], "count": 2}],
        hosts=[],
        idea_scores=[0] * 8 + [7, 0],
        complexity_scores=[0] * 10,
        computed_at=datetime(2026, 10, 1, tzinfo=UTC),
    )
    page = admin_client.get(reverse("admin:projects_analytics_change", args=[row.pk])).text
    assert '<th scope="row">tag00</th><td class="desk-number">1,200</td><td class="desk-number">+50%</td>' in page
    assert '<th scope="row">tag01</th><td class="desk-number">1,199</td></tr>' in page, "among the new tags"
    assert '<th scope="row">rust and game</th><td class="desk-number">2</td>' in page
    assert '<th scope="row">9</th><td class="desk-number">7</td><td class="desk-number">0</td>' in page
    assert "tag25" not in page
    assert "and 5 more" in page
    assert '<p class="desk-muted">None.</p>' in page, "links"
    assert "75%" in page
