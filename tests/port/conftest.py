"""What the tests of conversions share."""

from drawn_variables import fill  # noqa: F401
from original_weights import golden, original_keys, original_state  # noqa: F401
from small_encodec import small, small_params  # noqa: F401
