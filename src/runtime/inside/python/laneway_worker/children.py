"""Notes when the function starts processes: the server then looks whether any outlived the run."""

import sys

_EVENTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"))
_started = False


def watch():
    def note(event, _values):
        global _started
        if event in _EVENTS:
            _started = True

    sys.addaudithook(note)


def started():
    """Whether any was started since the last time this was asked."""
    global _started
    answer, _started = _started, False
    return answer
