"""The target's own sound: an instrument read from a clip, and played."""
