"""A person signs in with the form."""

import re

from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD


def test_a_person_signs_in_by_the_form_and_out_again(page, live):
    get_user_model().objects.create_superuser("operator", password=PASSWORD)
    page.goto("/admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/admin/$"))
    expect(page.get_by_text("Comments").first).to_be_visible()


def test_a_signed_in_session_opens_the_admin_without_the_form(page, sign_in):
    sign_in()
    page.goto("/admin/comments/comment/")
    expect(page).to_have_url(re.compile("/admin/comments/comment/$"))
