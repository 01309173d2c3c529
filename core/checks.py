"""The name under which our own system checks run alone (``manage.py check --tag waywo``)."""

OWN_CHECKS = "waywo"
