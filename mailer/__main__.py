"""`mailer` and `python -m mailer`: run a command, and say what went wrong in words instead of a traceback."""

import sys

from mailer.cli import app
from mailer.errors import MailerError


def main() -> None:
    """Exit codes: 0 done, 1 something is wrong and the words say what, 2 the command was typed wrongly."""
    try:
        app()
    except MailerError as error:
        print(f"mailer: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
