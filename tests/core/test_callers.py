"""From whose page a request comes, told without a cookie."""

import pytest
from django.test import RequestFactory

from core.callers import address_of, is_sent_by_another_site


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


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("::ffff:192.0.2.1", "", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::"),
        ("", "", "unknown"),
    ],
)
def test_an_address_is_told_without_a_proxy(remote, forwarded, address, settings):
    settings.SECURE_PROXY_SSL_HEADER = None
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers)) == address


@pytest.mark.parametrize("forwarded", ["198.51.100.7", "203.0.113.9, 198.51.100.7", "x, ::ffff:198.51.100.7"])
def test_behind_a_proxy_what_it_added_last_counts(forwarded, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert address_of(request) == "198.51.100.7"
