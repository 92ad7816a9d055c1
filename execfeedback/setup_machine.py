"""Make this machine able to verify: an engine that answers, and the bundled images. `make setup` runs this.

Where an engine cannot be had without somebody's decision (not root, not Debian or Ubuntu), it says how.
"""

import sys
from collections.abc import Sequence

from execfeedback.errors import ExecfeedbackError
from execfeedback.sandbox.engine_start import ensure_engine
from execfeedback.sandbox.images import ensure_image


def main(environments: Sequence[str] = ()) -> int:
    """The images of these environments, Python's if none is named. The exit code: 0, or that of the error, whose words
    were printed."""
    try:
        ensure_engine(_say)
        for environment in environments or ("python",):
            ensure_image(environment, _say)
    except ExecfeedbackError as error:
        _say(str(error))
        return error.exit_code
    return 0


def _say(words: str) -> None:
    print(f"set-up: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
