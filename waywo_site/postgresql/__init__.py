"""Django's PostgreSQL backend, which starts the embedded server when one is used (for ENGINE)."""
