"""By what the list of projects can be narrowed down."""

import re
from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from comments.models import Comment, Post
from core.estimating import values_of
from projects.catalogue import in_months, submitted
from projects.conditions import MONTH
from projects.models import Project, ProjectQuerySet

Lookups = list[tuple[str, str]]


class OfferedFilter(DropdownFilter):
    """A choice among what there is, which is looked up only where the choice is shown."""

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Lookups:
        """Return the choices; on a page that only applies the filters, a stand-in for them."""
        return [("", "")] if getattr(request, "offers_no_filters", False) else self.offers()

    def offers(self) -> Lookups:
        """Return value and label of each choice."""
        raise NotImplementedError


class ThreadFilter(OfferedFilter):
    title, parameter_name = "thread", "thread"

    def offers(self) -> Lookups:
        threads = Post.objects.values_list("pk", "year", "month", "title")
        return [(str(pk), f"{year}-{month:02} {title}") for pk, year, month, title in threads]

    def queryset(self, request: HttpRequest, queryset: ProjectQuerySet) -> ProjectQuerySet:
        value = self.value() or ""
        return queryset.filter(submitted(comment__post=int(value))) if value.isdecimal() else queryset


class MonthFilter(OfferedFilter):
    title, parameter_name = "month", "month"

    def offers(self) -> Lookups:
        months = Post.objects.order_by("-year", "-month").values_list("year", "month").distinct()
        return [(f"{year}-{month:02}", f"{date(year, month, 1):%B %Y}") for year, month in months]

    def queryset(self, request: HttpRequest, queryset: ProjectQuerySet) -> ProjectQuerySet:
        value = self.value() or ""
        return queryset.filter(submitted(in_months([value]))) if re.fullmatch(MONTH, value) else queryset


class AnalystFilter(OfferedFilter):
    """Described by the rules, or by this language model."""

    title, parameter_name = "analyst", "analyst"

    def offers(self) -> Lookups:
        return [(name, name) for name in values_of(Project, "created_by")]

    def queryset(self, request: HttpRequest, queryset: ProjectQuerySet) -> ProjectQuerySet:
        return queryset.filter(created_by=self.value()) if self.value() else queryset


class YesNoFilter(admin.SimpleListFilter):
    """A question that is answered with yes or no."""

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Lookups:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: Any) -> ProjectQuerySet:
        if self.value() not in ("yes", "no"):
            return queryset
        return self.answered(queryset, self.value() == "yes")

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        """Return those of ``projects`` for which the answer is ``yes``."""
        raise NotImplementedError


class HasLinkFilter(YesNoFilter):
    title, parameter_name = "has a link", "has_link"

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        return projects.with_link(yes)


class FailedFilter(YesNoFilter):
    """The last reading of one of its comments failed."""

    title, parameter_name = "last reading failed", "failed"

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        failed = submitted(comment__status=Comment.Status.FAILED)
        return projects.filter(failed) if yes else projects.exclude(failed)


class UnsureFilter(YesNoFilter):
    """Its reading is not sure that it is a project."""

    title, parameter_name = "unsure", "unsure"

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        return projects.unsure() if yes else projects.sure()


class SnoozedFilter(YesNoFilter):
    """Waits for a review, and somebody put it off."""

    title, parameter_name = "snoozed", "snoozed"

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        return projects.snoozed() if yes else projects.exclude(pk__in=projects.snoozed().values("pk"))


class FlaggedFilter(YesNoFilter):
    """A machine wants a person to look again."""

    title, parameter_name = "to look at again", "flagged"

    def answered(self, projects: ProjectQuerySet, yes: bool) -> ProjectQuerySet:
        return projects.flagged() if yes else projects.filter(flag_reason="")
