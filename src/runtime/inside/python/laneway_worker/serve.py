"""A worker's life: say `ready`, load one version, carry out one run after the other."""

import json
import os
import signal
import traceback
import types

from . import children, frames, load, output
from . import run as runs


def serve():
    output.capture()
    runs.mark_threads()
    children.watch()
    for fd in (frames.FROM_SERVER, frames.TO_SERVER):
        os.set_inheritable(fd, False)
    server = Server()
    try:
        frames.write_frame({"type": "ready"})
        while True:
            server.handle(*frames.read_frame())
    except (frames.ServerGone, BrokenPipeError):
        # The server is gone: nothing of this group may stay.
        os.kill(0, signal.SIGKILL)


class Server:
    def __init__(self):
        self._pid = os.getpid()
        self._load = None
        self._function = None
        self._takes = 2
        self._loop = None

    def handle(self, header, data):
        if header["type"] == "load":
            self._load_version(header)
        elif header["type"] == "run":
            # A null payload stands in the header, any other one is the data of the frame.
            self._carry_out(runs.Run(header, None if "data" in header else data, self._load))

    def _load_version(self, header):
        self._load = header
        try:
            self._function, self._takes = load.load_function(header)
        except load.LoadError as error:
            frames.write_frame({"type": "load_failed", "reason": error.reason, "message": str(error)[:8000]})
        except Exception as error:
            message = f"{header['file']} does not load: {describe(error)}"
            frames.write_frame({"type": "load_failed", "reason": "function_error", "message": message[:8000]})
        else:
            runs.mark_pooled_work()
            frames.write_frame({"type": "loaded", "convention": "payload"})

    def _carry_out(self, run):
        runs.begin(run)
        children.started()
        try:
            text = self._answer(run, self._call(run))
            self._leave_forked()
        except SystemExit:
            self._leave_forked()
            run.flush()
            raise
        except BaseException as error:
            self._leave_forked()
            run.log("stderr", traceback.format_exc())
            self._fail(run, "function_error", describe(error))
        else:
            self._succeed(run, text)
        finally:
            runs.end()

    def _call(self, run):
        payload = None
        if run.data is not None:
            try:
                payload = json.loads(run.data)
            except ValueError as error:
                raise ValueError(f"the payload is not JSON: {error}") from None
        return self._function(*(payload, runs.Context(run))[: self._takes])

    def _answer(self, run, value):
        """JSON text of what the function gave; streams what yields. None when the streamed values are too many to be one result."""
        if isinstance(value, types.CoroutineType):
            value = self._wait_for(value)
        if isinstance(value, types.GeneratorType):
            return _stream(run, value)
        if isinstance(value, types.AsyncGeneratorType):
            return self._wait_for(_stream_async(run, value))
        try:
            return runs.to_json(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"the result can not be carried by JSON: {error}") from None

    def _wait_for(self, coroutine):
        """On one event loop for all runs, so that what a module opened on it stays usable."""
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        try:
            return self._loop.run_until_complete(coroutine)
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

    def _succeed(self, run, text):
        if text is None:
            limit = self._load["limits"]["resultBytes"]
            run.log("warn", f"[result left out: the streamed values together exceed {limit} bytes]\n")
            text = "null"
        data = text.encode("utf-8")
        limit = self._load["limits"]["resultBytes"]
        if len(data) > limit:
            return self._fail(run, "result_too_large", f"the result has {len(data)} bytes, the limit is {limit}")
        run.finish({"type": "result", "children": children.started()}, data)

    def _fail(self, run, reason, message):
        run.finish({"type": "failed", "reason": reason, "message": message[:8000], "children": children.started()})

    def _leave_forked(self):
        """A child that the function forked and that came back here is no worker."""
        if os.getpid() != self._pid:
            os._exit(0)


def describe(error):
    return f"{type(error).__name__}: {error}"


class Gathered:
    """The values of a stream as one array, as long as they fit a result."""

    def __init__(self, limit):
        self._left = limit - 2
        self._texts = []

    def add(self, text):
        if self._texts is None:
            return
        self._left -= len(text.encode("utf-8")) + 1
        if self._left < 0:
            self._texts = None
        else:
            self._texts.append(text)

    def as_array(self):
        return None if self._texts is None else f"[{','.join(self._texts)}]"


def _stream(run, values):
    gathered = Gathered(run.load["limits"]["resultBytes"])
    while True:
        try:
            text = runs.to_json(next(values))
        except StopIteration as end:
            return gathered.as_array() if end.value is None else runs.to_json(end.value)
        run.chunk(text)
        gathered.add(text)


async def _stream_async(run, values):
    gathered = Gathered(run.load["limits"]["resultBytes"])
    async for value in values:
        text = runs.to_json(value)
        run.chunk(text)
        gathered.add(text)
    return gathered.as_array()
