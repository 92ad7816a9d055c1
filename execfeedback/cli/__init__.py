"""The console script. Each command lives in a module of its own here; heavy imports stay inside functions."""

import errno
import os
import sys

import typer

from execfeedback.cli import audit as audit_cli
from execfeedback.cli import cleanup as cleanup_cli
from execfeedback.cli import demo as demo_cli
from execfeedback.cli import doctor as doctor_cli
from execfeedback.cli import export as export_cli
from execfeedback.cli import grow as grow_cli
from execfeedback.cli import images as images_cli
from execfeedback.cli import languages_cmd
from execfeedback.cli import merge as merge_cli
from execfeedback.cli import mock_model as mock_model_cli
from execfeedback.cli import problems as problems_cli
from execfeedback.cli import report as report_cli
from execfeedback.cli import reverify as reverify_cli
from execfeedback.cli import schema as schema_cli
from execfeedback.cli import serve as serve_cli
from execfeedback.cli import show as show_cli
from execfeedback.cli import status as status_cli
from execfeedback.cli import verify as verify_cli
from execfeedback.cli import view as view_cli
from execfeedback.errors import ExecfeedbackError, InputError

UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG}
"""What a path on the command line can be to blame for; anything else with a file is a defect of ours."""
FULL = {errno.ENOSPC, errno.EDQUOT}
"""What a write can end with long after its file was opened: nothing names the file then."""

app = typer.Typer(
    name="execfeedback",
    help="Grow a code corpus in which every row was proven by execution.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo_cli.demo)
app.command("doctor")(doctor_cli.doctor)
app.command("languages")(languages_cmd.languages)
app.add_typer(images_cli.app, name="images")
app.add_typer(cleanup_cli.app, name="sandbox")
app.command("schema")(schema_cli.schema)
app.add_typer(problems_cli.app)
app.command("export")(export_cli.export)
app.command("merge")(merge_cli.merge)
app.command("report")(report_cli.report)
app.command("view")(view_cli.view)
app.command("show")(show_cli.show)
app.command("status")(status_cli.status)
app.command("mock-model")(mock_model_cli.mock_model)
app.command("verify")(verify_cli.verify)
app.command("reverify")(reverify_cli.reverify)
app.command("grow")(grow_cli.grow)
app.command("audit")(audit_cli.audit)
app.command("serve")(serve_cli.serve)


def main() -> None:
    """Run the console script; our errors become one message on stderr and their exit code."""
    if sys.stderr is None:  # closed by who started us (`2>&-`): nobody listens, and that is no fault
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:  # likewise (`>&-`)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    try:
        to_the_last_line()
    except ExecfeedbackError as error:
        print(f"execfeedback: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in UNWRITABLE or (error.filename is None and error.errno not in FULL):
            raise
        if error.filename is None:
            said = f"{error.strerror}: make room, and give the same command again"
        else:
            said = f"{error.filename}: {error.strerror}; give another place"
        print(f"execfeedback: {said}", file=sys.stderr)
        sys.exit(InputError.exit_code)
    except KeyboardInterrupt:
        print("execfeedback: interrupted; what was finished is kept", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not is_damage(error):
            raise
        print(f"execfeedback: the corpus is damaged ({error}); copy it again, whole", file=sys.stderr)
        sys.exit(InputError.exit_code)


def to_the_last_line() -> None:
    """The command, and all that it printed: what is wrong with stdout is met here, and not at the interpreter's end."""
    try:
        app()
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # it is flushed once more
            if error.errno == errno.EPIPE:  # nobody reads on (`| head`); click ends so as well
                sys.exit(1)
            raise


def is_damage(error: Exception) -> bool:
    """Whether SQLite found the file of a corpus broken, which may be anywhere in it."""
    import sqlite3

    found = getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes hold the plain one there
    return isinstance(error, sqlite3.DatabaseError) and found in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )
