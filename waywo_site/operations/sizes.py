"""Sizes for people."""


def megabytes(size: int) -> str:
    """Return ``size`` (bytes) as "3.4 MB" or "12.0 GB", in powers of ten."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
