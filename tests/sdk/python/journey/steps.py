"""Steps that print how they ended, and the small checks inside them."""

import sys
import traceback
from contextlib import contextmanager


class Steps:
    """A failed step is told and counted, and the journey goes on with the next one."""

    def __init__(self) -> None:
        self.failed = 0

    @contextmanager
    def step(self, name: str):
        try:
            yield
        except Exception as error:
            self.failed += 1
            traceback.print_exc(file=sys.stderr)
            print(f"FAIL {name}: {_describe(error)}", flush=True)
        else:
            print(f"ok {name}", flush=True)

    def not_in_this_version(self, name: str, reason: str) -> None:
        print(f"n/a {name}: not in this version: {reason}", flush=True)


def _describe(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:600]


def expect(condition: object, message: object) -> None:
    if not condition:
        raise AssertionError(message)


def expect_equal(actual: object, expected: object, what: str = "value") -> None:
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


@contextmanager
def expect_error(*types: type[Exception]):
    """Fails unless the block raises one of `types`; what was raised is `caught.error`."""

    class Caught:
        error: Exception

    try:
        yield Caught
    except types as error:
        Caught.error = error
        return
    except Exception as error:
        raise AssertionError(f"expected {_names(types)}, got {_describe(error)}") from error
    raise AssertionError(f"expected {_names(types)}, but nothing was raised")


def _names(types: tuple[type[Exception], ...]) -> str:
    return " or ".join(type_.__name__ for type_ in types)
