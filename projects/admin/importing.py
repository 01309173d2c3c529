"""Brings reviews back from a file, after a preview of what would change."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin

from core.admin.listing import page_context, require
from core.tables import LABELS, read_table
from core.text import counted
from projects.admin.bulk import log_many
from projects.admin.undo_messages import tell_done
from projects.reviewing.files import import_reviews

MOST_ROWS = 100_000
MOST_BYTES = 20 * 1024 * 1024
# What changes goes to the browser and back, signed, so that it does not matter which process answers.
MOST_CHANGES = 5_000
SHOWN = 200
SALT = "waywo.reviews"
AN_HOUR = 3600


class FileForm(forms.Form):
    file = forms.FileField(
        help_text=f"{', '.join(f'{label} (.{ending})' for ending, label in LABELS.items())}, as the export writes it. "
        "Columns: id, and one or more of review_status, review_note, is_bookmarked. With the column reviewed_at a "
        "newer review is not overwritten.",
        widget=forms.FileInput(attrs={"accept": ",".join(f".{ending}" for ending in LABELS)}),
    )

    def clean_file(self) -> list[dict[str, Any]]:
        file = self.cleaned_data["file"]
        ending = PurePath(file.name).suffix.lower().removeprefix(".")
        if ending not in LABELS:
            raise forms.ValidationError(f"“{file.name[:80]}” ends in none of .{', .'.join(LABELS)}.")
        if file.size > MOST_BYTES:
            raise forms.ValidationError(f"The file has more than {MOST_BYTES // 1024 // 1024} MB: split it.")
        try:
            return read_table(file.read(), ending, MOST_ROWS)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class ReviewImport(ModelAdmin):
    """The page of the import; who may review may import reviews."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="projects_project_import"), *super().get_urls()]

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file, show what it would change, then change it."""
        require(self.has_change_permission(request))
        if "confirmed" in request.POST:
            return self._import(request)
        form = FileForm(request.POST or None, request.FILES or None)
        context = page_context(self, request, "Import reviews", form=form)
        if request.method == "POST" and form.is_valid():
            context |= self._preview(request, form.cleaned_data["file"])
        return TemplateResponse(request, "admin/projects/project/import.html", context)

    def _preview(self, request: HttpRequest, rows: list[dict[str, Any]]) -> dict[str, Any]:
        outcome = import_reviews(rows, request.user, dry_run=True)
        errors = list(outcome.errors)
        if len(outcome.changes) > MOST_CHANGES:
            errors.append(f"The file changes {len(outcome.changes):,} reviews; {MOST_CHANGES:,} go at once: split it.")
        signed = "" if errors else signing.dumps([change.row for change in outcome.changes], salt=SALT, compress=True)
        return {
            "outcome": outcome,
            "errors": errors[:SHOWN],
            "shown": outcome.changes[:SHOWN],
            "more": max(len(outcome.changes) - SHOWN, 0),
            "signed": signed,
        }

    def _import(self, request: HttpRequest) -> HttpResponse:
        page = HttpResponseRedirect(reverse("admin:projects_project_import"))
        try:
            rows = signing.loads(request.POST["confirmed"], salt=SALT, max_age=AN_HOUR)
        except signing.BadSignature:
            messages.error(request, "The preview is more than an hour old, or not ours. Choose the file again.")
            return page
        outcome = import_reviews(rows, request.user, dry_run=False)
        if outcome.errors:
            messages.error(request, f"Nothing was imported, for somebody reviewed meanwhile: {outcome.errors[0]}")
            return page
        log_many(request.user, [change.project_id for change in outcome.changes], "Review imported from a file.")
        back = reverse("admin:projects_project_changelist")
        tell_done(request, f"{counted(len(outcome.changes), 'review')} imported.", outcome.action, back)
        return HttpResponseRedirect(back)
