# What raises the version of the index (core/index_version.py). A collection writes threads and the times of its looks
# each time: of threads what has changed counts, of comments what readers see.

from django.db import migrations

COMMENT = "source, post_id, author, text, posted_at, dead, deleted, status"
POST = ("source", "title", "text", "author", "score", "descendants", "posted_at", "year", "month", "dead", "deleted")


def trigger(name, event, table, each="STATEMENT"):
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH {each} EXECUTE FUNCTION index_changed()",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('comments', '0011_removed_authors'),
        ('core', '0003_index_changes'),
    ]

    operations = [
        trigger("index_changed", "INSERT OR UPDATE OR DELETE OR TRUNCATE", "comments_removedauthor"),
        trigger("index_changed", f"INSERT OR UPDATE OF {COMMENT} OR DELETE OR TRUNCATE", "comments_comment"),
        trigger("index_changed", "INSERT OR DELETE OR TRUNCATE", "comments_post"),
        trigger(
            "index_changed_by_update",
            "UPDATE",
            "comments_post",
            f"ROW WHEN ({' OR '.join(f'OLD.{column} IS DISTINCT FROM NEW.{column}' for column in POST)})",
        ),
    ]
