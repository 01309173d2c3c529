"""What other apps may want to know of the making of ideas."""

from django.dispatch import Signal

# Sent with ``run`` and the ``usage`` of the attempt when one ends, well or not; a killed one sends nothing.
attempt_ended = Signal()
