"""The hypothesis profile behind ``make fuzz``; ``FUZZ_EXAMPLES`` sets the examples per property."""

import os

from hypothesis import settings

settings.register_profile(
    "fuzz", max_examples=int(os.environ.get("FUZZ_EXAMPLES", "5000")), deadline=None
)
