"""The admin of batches, and what the admins of all apps share."""

from core.admin.batch_tasks import BatchTaskAdmin
from core.admin.batches import BatchAdmin

__all__ = ["BatchAdmin", "BatchTaskAdmin"]
