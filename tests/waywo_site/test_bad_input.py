"""Every form of the admin with empty, too long, wrong and hostile values: never an error of ours, a message at the
field, and what was typed is still there."""

from html import escape
from html.parser import HTMLParser

import pytest
from django import forms
from django.contrib import admin
from django.urls import reverse

from tests.waywo_site.test_admin import fill, has_attack

pytestmark = pytest.mark.django_db

KINDS = {
    "empty": "",
    "too long": "x" * 6000,
    "wrong": "31 February nonsense, -1e999",
    "hostile": "<script>alert(1)</script>\"'>{{ 7*7 }}",
    "unstorable": "a\0b",
}
TYPED = (forms.TextInput, forms.NumberInput, forms.Textarea, forms.URLInput, forms.EmailInput)
# Pages with a form that is no model's own.
OTHERS = {
    "password": "/admin/password_change/",
    "view": "/admin/views/save/?list=projects.project&query=q%3Drust",
    "reviews": "/admin/projects/project/import/",
}
MODELS = sorted(model._meta.label for model in admin.site._registry)


class Inputs(HTMLParser):
    """The hidden inputs of a page, which a browser sends along."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden" and found.get("name"):
            self.sent[found["name"]] = found.get("value") or ""


def form_of(answer) -> forms.BaseForm | None:
    context = answer.context or {}
    if context.get("adminform"):
        return context["adminform"].form
    return context.get("form")


def addresses(label: str) -> list[str]:
    """Return the pages with a form: that of adding and of changing a model's row, or the page of another name."""
    if label in OTHERS:
        return [OTHERS[label]]
    model = next(one for one in admin.site._registry if one._meta.label == label)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    return [reverse(f"{name}_add"), *([reverse(f"{name}_change", args=[row.pk])] if row else [])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("label", [*MODELS, *OTHERS])
def test_a_form_says_at_the_field_what_is_wrong_and_loses_nothing(admin_client, label, kind):
    fill(1)
    value = KINDS[kind]
    for url in addresses(label):
        page = admin_client.get(url)
        form = form_of(page)
        if page.status_code == 403 or form is None or not form.fields:
            continue  # to look at, not to edit
        fields = {form.add_prefix(name): field for name, field in form.fields.items()}
        answer = admin_client.post(url, Inputs(page.text).sent | dict.fromkeys(fields, value))
        assert answer.status_code in (200, 302, 400), f"{url}: {answer.status_code}"
        assert not has_attack(answer.text)
        if answer.status_code != 200:
            continue  # it was taken: a text may be anything
        shown = form_of(answer)
        assert shown is None or shown.errors or not shown.is_bound or answer.context.get("errors"), url
        if shown is None or not shown.is_bound or kind == "unstorable":
            continue
        for name, field in fields.items():
            if isinstance(field.widget, TYPED) and not isinstance(field.widget, forms.PasswordInput):
                assert escape(value) in answer.text, f"{url} lost what was typed into {name}"
