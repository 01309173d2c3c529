"""What the apps may want to know of tasks."""

from django.dispatch import Signal

# Sent inside the transaction that notes it, with ``task_id`` and ``task_name``: a task was cancelled. What it had begun
# is to be taken back, as far as its kind has something to take back.
task_cancelled = Signal()
# Sent in the same way, with ``task_name`` and the keyword ``arguments`` of each: tasks were cancelled, waiting or not.
# Of a large batch it is sent for one lot after another.
calls_cancelled = Signal()
# Sent before it starts, with ``task_id``, ``as_task_id`` and ``task_name``: a task that failed or was cancelled runs
# again under another id. What belongs to the old one goes over to the new one.
task_runs_again = Signal()
