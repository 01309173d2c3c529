"""The admin of threads and comments."""

from comments.admin.candidates import CandidateAdmin
from comments.admin.comments import CommentAdmin
from comments.admin.listing import ReadOnlyAdmin, filtered_list_link, outside_link
from comments.admin.threads import PostAdmin
from comments.batch_admin import BatchAdmin

__all__ = [
    "BatchAdmin",
    "CandidateAdmin",
    "CommentAdmin",
    "PostAdmin",
    "ReadOnlyAdmin",
    "filtered_list_link",
    "outside_link",
]
