"""The tags: how often each is used, other names for it, several made one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.listing import filtered_list_link, page_context, require
from core.text import counted
from projects import tags
from projects.admin.undo_messages import UndoMessages, tell_done
from projects.models import Project, Tag, TagAlias
from projects.reviewing import tag_acts


def _checked(name: str) -> str:
    try:
        return tags.checked(name)
    except tags.TagError as error:
        raise ValidationError(str(error)) from None


class TagForm(forms.ModelForm):
    new_alias = forms.CharField(
        max_length=50,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Another name for it. Later readings that find that name write this tag; a tag of that name is "
        "merged into this one.",
    )

    class Meta:
        model = Tag
        fields = ("name",)
        help_texts = {
            "name": "Renamed, its old name becomes an alias, so that later readings follow. "
            "A name that another tag has merges the two."
        }

    def clean_name(self) -> str:
        return _checked(self.cleaned_data["name"])

    def clean_new_alias(self) -> str:
        return self.cleaned_data["new_alias"] and _checked(self.cleaned_data["new_alias"])

    def validate_unique(self) -> None:
        """Allow the name of another tag: the two become one."""
        if self.instance.pk is None:
            super().validate_unique()

    def clean(self) -> dict[str, Any]:
        super().clean()
        data = self.cleaned_data
        for field in ("name", "new_alias"):
            name = data.get(field) or ""
            alias = TagAlias.objects.filter(name=name).exclude(tag=self.instance.pk).select_related("tag").first()
            if alias is not None:
                self.add_error(field, ValidationError(f"“{name}” is an alias of “{alias.tag}” already."))
        if data.get("new_alias") and data["new_alias"] == data.get("name"):
            self.add_error("new_alias", ValidationError("This is the tag's own name."))
        return data


class AliasInline(TabularInline):
    """The other names of a tag; one that is removed may become a tag again."""

    model = TagAlias
    fields = readonly_fields = ("name",)
    extra = 0
    verbose_name_plural = "aliases"
    hide_title = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Added by the field "new alias", which looks for a tag of that name."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("projects.view_tag")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("projects.change_tag")


@admin.register(Tag)
class TagAdmin(UndoMessages):
    form = TagForm
    list_display = ("name", "uses", "other_names")
    search_fields = ("name", "aliases__name")
    search_help_text = "Name or alias"
    list_per_page = 100
    show_full_result_count = False
    fields = ("name", "new_alias")
    inlines = (AliasInline,)
    actions = ("merge_selected",)
    list_before_template = "admin/projects/tag/tools.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        """Count the real projects of each tag; ideas are not among them."""
        # Not by a join: PostgreSQL looks the few ideas up once then, and never the projects of each tag.
        posted = ~Q(project__in=Project.objects.generated().order_by().values("pk"))
        counted = Project.tags.through.objects.filter(posted, tag=OuterRef("pk")).order_by().values("tag")
        count = Coalesce(Subquery(counted.annotate(n=Count("pk")).values("n")), 0)  # type: ignore[misc]
        return super().get_queryset(request).annotate(project_count=count).prefetch_related("aliases")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.remove_unused_view))
        return [path("remove-unused/", view, name="projects_tag_remove_unused"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        unused = tags.unused().count() if self.has_delete_permission(request) else 0
        return super().changelist_view(request, {"unused": unused} | (extra_context or {}))

    def remove_unused_view(self, request: HttpRequest) -> HttpResponse:
        require(self.has_delete_permission(request), "projects.delete_tag")
        unused = tags.unused()
        count, back = unused.count(), reverse("admin:projects_tag_changelist")
        act = tag_acts.remove(unused, request.user)
        tell_done(request, f"{counted(count, 'unused tag')} removed.", act, back)
        return HttpResponseRedirect(back)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Ask first where a name that was typed makes a tag with projects part of another one."""
        if request.method == "POST" and object_id and "confirmed" not in request.POST:
            merges = self._merges(request, object_id)
            if any(gone.project_count for gone, _ in merges):  # type: ignore[attr-defined]  # of get_queryset
                return self._ask(request, merges)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except tags.TagError as error:  # Somebody changed the tags since the form was checked.
            messages.error(request, f"{error} Nothing was changed.")
            return HttpResponseRedirect(reverse("admin:projects_tag_changelist"))

    def _merges(self, request: HttpRequest, object_id: str) -> list[tuple[Tag, Tag]]:
        """Return which tags the form that was sent would make part of which."""
        tag = self.get_object(request, object_id)
        if tag is None or not self.has_change_permission(request, tag):
            return []
        form = TagForm(request.POST, instance=Tag(pk=tag.pk, name=tag.name))
        if not form.is_valid():
            return []
        others = self.get_queryset(request).exclude(pk=tag.pk)
        kept = others.filter(name=form.cleaned_data["name"]).first()
        namesake = others.filter(name=form.cleaned_data["new_alias"]).first()
        pairs = [(tag, kept), (namesake, kept or tag)]
        return [(gone, stays) for gone, stays in pairs if gone and stays and gone.pk != stays.pk]

    def _ask(self, request: HttpRequest, merges: list[tuple[Tag, Tag]]) -> HttpResponse:
        posted = Project.objects.posted()
        context = page_context(self, request, "Merge tags") | {
            "merges": [
                (gone, stays, posted.filter(tags__in=(gone, stays)).distinct().count()) for gone, stays in merges
            ],
            "posted": [
                (name, value)
                for name, values in request.POST.lists()
                if name != "csrfmiddlewaretoken"
                for value in values
            ],
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/projects/tag/confirm.html", context)

    def save_model(self, request: HttpRequest, obj: Tag, form: TagForm, change: bool) -> None:
        if change:
            kept, act = tag_acts.rename(Tag(pk=obj.pk, name=form.initial["name"]), obj.name, request.user)
            self.keep_act(request, act)
            if kept.pk != obj.pk:
                messages.info(request, f"There was a tag “{kept}” already: the two are one now.")
                # The page that Django goes to next, and its log, are those of the tag that is left.
                obj.pk = kept.pk
        else:
            super().save_model(request, obj, form, change)
            kept = obj
        if alias := form.cleaned_data.get("new_alias"):
            self.keep_act(request, tag_acts.add_alias(kept, alias, request.user))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Take away the aliases that were ticked: nothing else of them can be changed here."""
        formset.save(commit=False)
        for alias in formset.deleted_objects:
            self.keep_act(request, tag_acts.remove_alias(alias, request.user))

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        act = tag_acts.remove(Tag.objects.filter(pk=obj.pk), request.user)
        self.keep_act(request, act, reverse("admin:projects_tag_changelist"))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        self.keep_act(request, tag_acts.remove(Tag.objects.filter(pk__in=queryset.values("pk")), request.user))

    @action(description="Merge into one tag…", permissions=["change"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Tag]) -> HttpResponse | None:
        """Ask which of the chosen tags stays, then make them one."""
        chosen = list(queryset.order_by("-project_count", "name")[:101])
        if not 2 <= len(chosen) <= 100:
            messages.error(request, "Choose 2 to 100 tags to merge.")
            return None
        kept = next((tag for tag in chosen if str(tag.pk) == request.POST.get("kept")), None)
        if kept is not None:
            others = ", ".join(str(tag) for tag in chosen if tag != kept)
            act = tag_acts.merge(kept, Tag.objects.filter(pk__in=[tag.pk for tag in chosen]), request.user)
            on = counted(act.count, "project")
            self.log_change(request, kept, f"Merged {others} into it: {on}."[:2000])
            theirs = "Its name is an alias now" if len(chosen) == 2 else "Their names are aliases now"
            tell_done(request, f"{others} became “{kept}”, on {on}. {theirs}.", act)
            return None
        context = page_context(self, request, "Merge tags", tags=chosen)
        return TemplateResponse(request, "admin/projects/tag/merge.html", context)

    @display(description="projects", ordering="project_count")
    def uses(self, tag: Tag) -> SafeString:
        count = tag.project_count  # type: ignore[attr-defined]  # counted by get_queryset
        return filtered_list_link("projects_project_changelist", count, tags__id__exact=tag.pk)

    @display(description="aliases")
    def other_names(self, tag: Tag) -> str:
        return ", ".join(alias.name for alias in tag.aliases.all()) or "—"
