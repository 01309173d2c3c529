"""The admin of threads and comments."""

from comments.admin.batch_list import BatchAdmin
from comments.admin.candidates import CandidateAdmin
from comments.admin.comments import CommentAdmin
from comments.admin.listing import ReadOnlyAdmin, filtered_list_link, outside_link
from comments.admin.threads import PostAdmin

__all__ = [
    "BatchAdmin",
    "CandidateAdmin",
    "CommentAdmin",
    "PostAdmin",
    "ReadOnlyAdmin",
    "filtered_list_link",
    "outside_link",
]
