"""The parts that examples are divided into. Nothing is imported, so that commands can list them at once."""

SPLITS = ("train", "dev", "test", "drawn")

DRAWN = "drawn"
"""The split whose instruments and kits are all drawn from numbers: it needs no soundfont and no library."""
