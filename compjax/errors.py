"""The one exception that is meant for the user."""

EXIT_CODE = 65
"""Exit status of a command that was given bad data (EX_DATAERR of sysexits.h)."""


class UserError(Exception):
    """Something the user can put right: one line saying what, with which value, and what to do.

    The commands print it on stderr without a traceback and exit with `EXIT_CODE`.
    """
