"""From whose page a request comes, told without a cookie."""

import pytest
from django.test import RequestFactory

from core.callers import is_sent_by_another_site


@pytest.mark.parametrize(
    ("headers", "is_foreign"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://testserver"}, False),
        ({"Origin": "https://trusted.example"}, False),
        ({"Origin": "http://testserver.evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://[broken"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, True),
    ],
)
def test_a_page_of_another_site_is_told_from_ours_and_from_a_program(headers, is_foreign, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]
    assert is_sent_by_another_site(RequestFactory().post("/ask", headers=headers)) == is_foreign
