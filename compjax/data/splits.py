"""The parts that examples are divided into. Nothing is imported, so that commands can list them at once."""

SPLITS = ("train", "dev", "test")
