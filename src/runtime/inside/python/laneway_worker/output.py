"""What code prints becomes log, in order with everything else it says."""

import io
import sys

from . import run as runs


def capture():
    sys.stdout = sys.__stdout__ = CapturedText("stdout", 1)
    sys.stderr = sys.__stderr__ = CapturedText("stderr", 2)


class CapturedText(io.TextIOBase):
    encoding = "utf-8"
    errors = "replace"

    def __init__(self, stream, fd):
        super().__init__()
        self._stream = stream
        self._fd = fd
        self.buffer = CapturedBytes(self)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        run = runs.caller()
        if run is not None:
            run.print(self._stream, text)
        return len(text)

    def flush(self):
        run = runs.caller()
        if run is not None:
            run.flush()

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def close(self):
        """A function that closes its stdout has not closed the next run's."""


class CapturedBytes(io.RawIOBase):
    def __init__(self, text):
        super().__init__()
        self._text = text

    def write(self, data):
        data = bytes(data)
        self._text.write(data.decode("utf-8", "replace"))
        return len(data)

    def flush(self):
        self._text.flush()

    def writable(self):
        return True

    def fileno(self):
        return self._text.fileno()

    def close(self):
        pass
