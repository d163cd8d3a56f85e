"""One run as the inside sees it: what it may still say, whether it is over, and what its function gets as context."""

import contextvars
import json
import select
import sys
import threading

from . import frames

# Which run the code on the stack belongs to; threads get it from the one that started them.
_of_caller = contextvars.ContextVar("laneway_run", default=None)
_under_way = None


def caller():
    """The run that began the code on the stack; for code from the time of loading, the one under way. None when over."""
    run = getattr(threading.current_thread(), "_laneway_run", None) or _of_caller.get()
    if run is None:
        return _under_way
    return None if run.ended else run


def begin(run):
    global _under_way
    _under_way = run
    _of_caller.set(run)


def end():
    global _under_way
    _under_way = None
    _of_caller.set(None)


def mark_threads():
    """A thread belongs to the run that started it: what it prints after that run is not the next one's."""
    start = threading.Thread.start

    def marked_start(self):
        self._laneway_run = getattr(threading.current_thread(), "_laneway_run", None) or _of_caller.get()
        return start(self)

    threading.Thread.start = marked_start


def mark_pooled_work():
    """Threads of a pool outlive the run that started them: their work belongs to the run that handed it in."""
    pools = sys.modules.get("concurrent.futures.thread")
    if pools is None:
        return
    submit = pools.ThreadPoolExecutor.submit

    def marked_submit(self, function, /, *values, **named):
        run = getattr(threading.current_thread(), "_laneway_run", None) or _of_caller.get()

        def work():
            threading.current_thread()._laneway_run = run
            return function(*values, **named)

        return submit(self, work)

    pools.ThreadPoolExecutor.submit = marked_submit


class Run:
    """What one run may still say, and whether it is over."""

    def __init__(self, header, data, load):
        self.number = header["run"]
        self.header = header
        self.data = data
        self.load = load
        self.ended = False
        self._cancelled = False
        self._log_left = load["limits"]["logBytes"]
        self._stream_left = load["limits"]["logBytes"]
        self._held = ""
        self._held_stream = "stdout"
        self._lock = threading.Lock()

    def print(self, stream, text):
        """`print` writes a line in pieces: one without an end of line is held back for the next one or a flush."""
        with self._lock:
            if self._held and self._held_stream != stream:
                self._send_held()
            self._held_stream = stream
            self._held += text
            if text.endswith("\n") or len(self._held) > 8192:
                self._send_held()

    def flush(self):
        with self._lock:
            self._send_held()

    def log(self, stream, text):
        with self._lock:
            self._send_held()
            self._send_log(stream, text)

    def chunk(self, text):
        data = text.encode("utf-8")
        with self._lock:
            self._send_held()
            room = self._take_stream(len(data))
            if room >= 0:
                frames.write_frame({"type": "chunk", "run": self.number}, data[: room + 1])

    def progress(self, fraction, message):
        with self._lock:
            self._send_held()
            if self._take_stream(16 + len(message.encode("utf-8", "replace"))) >= 0:
                frames.write_frame({"type": "progress", "run": self.number, "fraction": fraction, "message": message})

    def cancelled(self):
        """Looks for the server's word only when asked: no thread has to listen all the time."""
        with self._lock:
            while not self._cancelled and select.select([frames.FROM_SERVER], [], [], 0)[0]:
                header, _ = frames.read_frame()
                self._cancelled = header["type"] == "cancel" and header["run"] == self.number
        return self._cancelled

    def finish(self, header, data=b""):
        with self._lock:
            if self.ended:
                return
            self._send_held()
            self.ended = True
            frames.write_frame({**header, "run": self.number}, data)

    def _send_held(self):
        text, self._held = self._held, ""
        if text:
            self._send_log(self._held_stream, text)

    def _send_log(self, stream, text):
        """Of the first text that does not fit one byte too many is sent: by it the server sees that the log was cut."""
        data = text.encode("utf-8", "replace")
        if self.ended or self._log_left < 0 or not data:
            return
        room, self._log_left = self._log_left, self._log_left - len(data)
        if self._log_left < 0:
            data = data[: room + 1].decode("utf-8", "replace").encode()
        frames.write_frame({"type": "log", "run": self.number, "stream": stream}, data)

    def _take_stream(self, count):
        """The room there was, negative when there is none (any more)."""
        if self.ended:
            return -1
        room, self._stream_left = self._stream_left, self._stream_left - count
        return room


class Log:
    def __init__(self, run):
        self._run = run

    def info(self, text, *values):
        self._run.log("info", _line(text, values))

    def warn(self, text, *values):
        self._run.log("warn", _line(text, values))

    warning = warn

    def error(self, text, *values):
        self._run.log("error", _line(text, values))


class Context:
    """What a function gets as `context`: the same as in JavaScript, in snake case."""

    def __init__(self, run):
        header, load = run.header, run.load
        self._run = run
        self.run_id = header["runId"]
        self.caller_id = header["callerId"]
        self.function = load["function"]
        self.lane = load["lane"]
        self.version = load["version"]
        self.attempt = header["attempt"]
        # W3C trace context: what the function calls with it becomes a child of this attempt.
        self.traceparent = header["traceparent"]
        # Epoch milliseconds after which the run is killed.
        self.deadline = header["deadline"]
        self.env = dict(load["env"])
        self.headers = header["headers"]
        self.parameters = header["parameters"]
        self.log = Log(run)

    def progress(self, fraction, message=""):
        number = float(fraction)
        self._run.progress(min(1.0, max(0.0, number)) if number == number else 0.0, str(message)[:1000])

    def write(self, value):
        """Streams one value. Raises when JSON can not carry it."""
        self._run.chunk(to_json(value))

    def cancelled(self):
        """True when the run was cancelled or is about to time out."""
        return self._run.cancelled()


def to_json(value):
    """JSON text as other languages write it. Raises TypeError or ValueError when JSON can not carry the value."""
    if isinstance(value, (bytes, bytearray)):
        value = value.decode("utf-8", "replace")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair: only its escape is text.
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def _line(text, values):
    return (str(text) % values if values else str(text)) + "\n"
