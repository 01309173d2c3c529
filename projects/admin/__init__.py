"""The admin of projects, and of what stands around them."""

from projects.admin.analytics import AnalyticsAdmin
from projects.admin.extractions import ExtractionAdmin
from projects.admin.history import HistoryAdmin
from projects.admin.pages import PageAdmin
from projects.admin.projects import ProjectAdmin
from projects.admin.questions import QuestionAdmin
from projects.admin.removing import RemovedAuthorAdmin
from projects.admin.tags import TagAdmin

__all__ = [
    "AnalyticsAdmin",
    "ExtractionAdmin",
    "HistoryAdmin",
    "PageAdmin",
    "ProjectAdmin",
    "QuestionAdmin",
    "RemovedAuthorAdmin",
    "TagAdmin",
]
