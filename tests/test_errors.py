"""The tree of errors is what its docstring draws, exit codes included."""
import re
from pathlib import Path

from streams import errors
from streams.errors import StreamsError
from streams.runtime.liveness import EXIT_ZOMBIE
from streams.runtime.run import EXIT_HUNG
from streams.venue.ledger import EXIT_UNWRITTEN

README = (Path(__file__).parent.parent / "README.md").read_text()


def tree(kind: type[StreamsError], depth: int = 0) -> list[tuple[int, str, int]]:
    """(depth, name, exit code) of those that everybody may raise, a parent before its children."""
    children = [child for child in kind.__subclasses__() if child.__module__ == errors.__name__]
    return [(depth, kind.__name__, kind.exit_code), *(row for child in children for row in tree(child, depth + 1))]


def test_the_docstring_draws_the_tree() -> None:
    drawn = re.findall(r"^ {4}([│ ├└─]*)(\w+) +(\d)", errors.__doc__ or "", re.MULTILINE)
    assert [(len(branch) // 4, name, int(code)) for branch, name, code in drawn] == tree(StreamsError)


def test_each_code_of_a_worker_that_ends_itself_has_a_word() -> None:
    assert sorted(errors.ENDED) == [EXIT_ZOMBIE, EXIT_HUNG, EXIT_UNWRITTEN] == sorted(int(code) for code in re.findall(r"`(7\d)`", README))
    assert (errors.word_of(72), errors.word_of(-9), errors.word_of(1)) == (errors.ENDED[72], "by SIGKILL", "")


def test_an_error_says_what_and_what_to_do() -> None:
    assert str(errors.NotReachable("no broker answers at 127.0.0.1:1", "streams kafka up")) == "no broker answers at 127.0.0.1:1; streams kafka up"
    assert str(errors.Unreadable("KEY_MISSING", "nobody says whose it is")) == "KEY_MISSING: nobody says whose it is"
