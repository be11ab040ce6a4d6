"""What the tests of codecs share."""

from small_encodec import small, small_params  # noqa: F401
