from typing import Any

from django.template.defaultfilters import filesizeformat

from core.commands import JobCommand
from core.progress import Progress
from waywo_site.operations.backups import BackupError, backup_database


class Command(JobCommand):
    help = "Write the database to BACKUP_DIR and remove the backups that are no longer kept (BACKUP_KEEP)."
    task_name = "backup_database"
    expected_errors = (BackupError,)

    def run_here(self, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
        return backup_database(progress)

    def summary(self, result: dict[str, Any]) -> str:
        removed = f" Removed: {', '.join(result['removed'])}." if result["removed"] else ""
        return f"{result['file']}: {filesizeformat(result['size'])} in {result['seconds']} s.{removed}"
