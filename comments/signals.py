"""What other apps may want to know of collection."""

from django.dispatch import Signal

# Sent inside the transaction that saves it, with ``comment_ids``: deleted or flagged at the source since the last look.
comments_withdrawn = Signal()
# Likewise: shown again at the source.
comments_restored = Signal()
# Asked with ``post``: whoever extracts threads answers with the id of the task that is at it now, None where none is.
who_extracts = Signal()
