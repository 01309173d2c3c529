"""Two projects that are one are found, merged and parted again, by clicking."""

from playwright.sync_api import expect

from projects.models import Project
from tests.browser.test_reviewing import fill


def test_a_likely_pair_is_merged_side_by_side_and_brought_back(page, sign_in):
    first, second = fill(2, similar=True)
    sign_in("olga", groups=["Operator"])
    page.goto("/admin/projects/project/")
    page.get_by_role("link", name="Likely duplicates").click()
    expect(page.get_by_role("heading", name="Likely duplicates")).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    page.get_by_label(f"Keep “{second.title}”").check()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text(f"Merged “{first.title}” into “{second.title}”.")).to_be_visible()
    assert list(Project.objects.values_list("pk", flat=True)) == [second.pk]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"Undone: Merged “{first.title}” into “{second.title}”.")).to_be_visible()
    assert set(Project.objects.values_list("title", flat=True)) == {first.title, second.title}
