"""Counts steps and prints them."""


class Results:
    """The tally of a whole run; every step of every journey ends here."""

    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[str] = []
        self.journey = ""

    def begin(self, journey: str) -> None:
        self.journey = journey
        print(f"\n# {journey}", flush=True)

    def accept_line(self, line: str) -> None:
        """Takes one line that a journey printed."""
        print(line, flush=True)
        if line.startswith("ok "):
            self.passed += 1
        elif line.startswith("FAIL "):
            self.failures.append(f"{self.journey}: {line.removeprefix('FAIL ')}")

    def ok(self, step: str) -> None:
        self.accept_line(f"ok {step}")

    def fail(self, step: str, reason: object) -> None:
        self.accept_line(f"FAIL {step}: {reason}")

    def close(self) -> int:
        if self.failures:
            print("\nWhat failed:")
            for failure in self.failures:
                print(f"  {failure}")
        # The closing line that continuous integration reads.
        print(f"\n{self.passed} passed, {len(self.failures)} failed", flush=True)
        return 1 if self.failures or self.passed == 0 else 0
