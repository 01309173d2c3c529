"""The admin of threads and comments."""

from comments.admin.candidates import CandidateAdmin
from comments.admin.comments import CommentAdmin
from comments.admin.threads import PostAdmin

__all__ = ["CandidateAdmin", "CommentAdmin", "PostAdmin"]
