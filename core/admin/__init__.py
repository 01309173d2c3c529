"""The admin of batches, and what the admins of all apps share."""

from core.admin.batch_list import BatchAdmin

__all__ = ["BatchAdmin"]
