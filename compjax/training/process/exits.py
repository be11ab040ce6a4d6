"""How training ends: exit statuses that a scheduler can tell apart. Bad input is 65 (audio.errors)."""

FINISHED = 0
PREEMPTED = 42
"""Asked to stop; saved; the same command goes on from there. What xpk and most restarters start again."""
NOT_FINITE = 70
"""Too many steps in a row had gradients that are not finite; a diagnosis file names the samples."""
NOT_SAVED = 74
"""Trained to the end, but the last checkpoint could not be written (EX_IOERR of sysexits.h)."""
STALLED = 75
"""The watchdog saw no progress, or another process of the run died (EX_TEMPFAIL): start again."""
