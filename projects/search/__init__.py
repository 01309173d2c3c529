"""Finds projects: by words, by meaning, by both, by a name with a typing error, by the first letters of one."""
