"""The forms in which a person changes a project."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from unfold.widgets import UnfoldAdminTextareaWidget

from projects.models import URL_LENGTH, Project
from projects.reviewing.fields import ReviewConflict, locked


def seen_at(text: str) -> datetime | None:
    """Return the ``updated_at`` that a page was made with, None for an unreadable one."""
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def can_be_opened(url: str) -> bool:
    """Return whether a browser opens ``url`` as a page."""
    return url.lower().startswith(("http://", "https://"))


class EditForm(forms.ModelForm):
    """What may be changed of a project's texts, scores and address."""

    class Meta:
        model = Project
        fields = ("title", "short_description", "description", "primary_url", "idea_score", "complexity_score")

    def clean_primary_url(self) -> str:
        """Take what a browser can open and runs nothing."""
        url = self.cleaned_data["primary_url"].strip()
        if url and not can_be_opened(url) and url != self.instance.primary_url:
            raise ValidationError("It takes an address that begins with http:// or https://, or nothing.")
        return url


class UrlLines(forms.Field):
    """Addresses, one a line: a comma may be part of one."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        """Return the addresses as lines; what was typed comes back as it is."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Return the lines that are not empty. Raises ValidationError for one too long, or with a NUL."""
        one = forms.CharField(max_length=URL_LENGTH)
        return [one.clean(line) for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare line by line: a browser ends lines in its own way."""
        try:
            return self.to_python(self.prepare_value(initial)) != self.to_python(data)
        except ValidationError:
            return True


class ReviewEditForm(EditForm):
    """The form of the review page; tags are names, separated by commas."""

    tags = forms.CharField(required=False, max_length=1000)

    def clean_tags(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["tags"].split(",") if name.strip()]
        long = next((name for name in names if len(name) > 50), None)
        if long:
            raise ValidationError(f"“{long[:60]}” is too long for a tag: it takes 50 characters.")
        return names

    def changes(self) -> dict[str, Any]:
        """Return what the reviewer changed, as ``projects.reviewing.fields.review`` takes it."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class TagsWidget(AutocompleteSelectMultiple):
    """Shows the form again, too, where something was sent that is no number: Django's own fails at looking it up."""

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> list[Any]:
        return super().optgroups(name, [one for one in value if str(one).isdecimal()], attrs)


class ProjectForm(EditForm):
    """The form of a project's own page. It notices when somebody else changed the project meanwhile."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    urls = UrlLines(label="URLs", required=False, help_text="One a line.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = self.instance.updated_at.isoformat()

    def clean_urls(self) -> list[str]:
        """Take what a browser can open, and what stood there before."""
        urls = self.cleaned_data["urls"]
        for url in urls:
            if not can_be_opened(url) and url not in self.instance.urls:
                raise ValidationError(f"“{url[:60]}” does not begin with http:// or https://. It takes one a line.")
        return urls

    def clean(self) -> dict[str, Any]:
        """Refuse to save over what another person did. Admin saves in the same transaction, so the lock holds."""
        super().clean()
        data = self.cleaned_data
        if seen := seen_at(data.get("seen") or ""):
            try:
                locked(self.instance.pk, seen)
            except ReviewConflict as conflict:
                raise ValidationError(f"{conflict} Open the page again and make your changes there.") from None
        return data
