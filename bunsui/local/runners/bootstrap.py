"""The program inside every Lambda runner: fetch a call from the Runtime API, run the handler, spool, report.

Standard library only and Python 3.9 upwards, because it runs under the project's interpreter. It imports
nothing of bunsui and is started by its path. A result is on disk before it is reported: when the worker is
gone by then, the file is the report and the runner exits.

The spool file is one JSON line (`version, id, status, length, crc32, duration_ms, max_memory_mb, init_ms`)
and `length` bytes behind it: the handler's JSON (`returned`) or AWS's error document (`failed`).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import os
import resource
import signal
import socket
import sys
import time
import traceback
from binascii import crc32
from collections.abc import Callable, Iterator
from importlib import machinery

# By name: a handler may replace what lies in the module.
from json import dumps, loads
from types import SimpleNamespace
from typing import Any, NoReturn

MAX_RESPONSE_BYTES = 6_291_556
MAX_MESSAGE = 32_768
API_ROOT = "/2018-06-01/runtime"
sync = getattr(os, "fdatasync", os.fsync)
BATCH = "bunsui:batch"
"""Key of an event that holds the calls for several items of a map, and of the response to it."""


class FreshLoader(machinery.SourceFileLoader):
    """Compiles a project's module each time.

    Cached bytecode is matched by size and whole second: an edit that both miss would run the code of before.
    """

    def path_stats(self, path: str) -> NoReturn:
        """Refuse: without them bytecode is neither read nor written."""
        raise OSError


class Fault(Exception):
    """An error with a name of the runtime's own, not of an exception class."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class WorkerGone(Exception):
    """The Runtime API no longer answers."""


class Client:
    """HTTP/1.1 over a socket that is given: `http.client` alone would cost more than a whole call."""

    def __init__(self, address: str, token: str, descriptor: int) -> None:
        self._fixed = f"Host: {address}\r\nBunsui-Token: {token}\r\n"
        self._socket = socket.socket(fileno=descriptor)
        self._socket.set_inheritable(False)
        self._reader = self._socket.makefile("rb")

    def message(self, method: str, path: str, body: bytes = b"", more: str = "") -> bytes:
        """Return a request as it is sent."""
        more += f"Content-Length: {len(body)}\r\n\r\n"
        return f"{method} {API_ROOT}{path} HTTP/1.1\r\n{self._fixed}{more}".encode("latin-1") + body

    def send(self, *messages: bytes) -> None:
        """Send requests with the same words; `answer` is called for each."""
        try:
            self._socket.sendall(b"".join(messages))
        except OSError as error:
            raise WorkerGone from error

    def answer(self) -> tuple[dict[str, str], bytes]:
        """Return the headers (names in lower case) and the body of the next answer."""
        headers = {}
        try:
            status = self._reader.readline()
            while line := self._reader.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", "0"))
            body = self._reader.read(length)
        except (OSError, ValueError) as error:
            raise WorkerGone from error
        if not status or len(body) < length:
            raise WorkerGone
        return headers, body


class ClientContext:
    """What the caller says about itself; bunsui fills `custom`."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.custom = values.get("custom")
        self.env = values.get("env")
        self.client = values.get("client")


class Context:
    """The second argument of a handler, as AWS's Python runtime makes it."""

    tenant_id = None

    def __init__(self, request_id: str, arn: str, deadline_ms: int, client_context: dict[str, Any]) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.client_context = ClientContext(client_context)
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = deadline_ms

    def for_item(self, one: dict[str, Any]) -> Context:
        """Return the same context for one item of a batch."""
        item = object.__new__(Context)
        item.__dict__.update(self.__dict__)
        own = {name: one.get(name) for name in ("idempotency_key", "checkpoints")}
        custom = {**(self.client_context.custom or {}), "item": one["key"], **own}
        outer = self.client_context
        item.client_context = ClientContext({"custom": custom, "env": outer.env, "client": outer.client})
        return item

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the deadline, at least 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the log as it is."""
        write_log(str(message))


class LambdaLogHandler(logging.Handler):
    """Python logging in Lambda's format; writes to the descriptor, so a closed sys.stdout does no harm."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        record.aws_request_id = self.request_id
        write_log(self.format(record) + "\n")


class Call:
    """One invocation as the Runtime API handed it over."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        files = loads(headers["bunsui-files"])
        self.id = headers["lambda-runtime-aws-request-id"]
        self.body = body
        self.log_path: str = files["log"]
        self.spool_path: str = files["spool"]
        self.context = Context(
            self.id,
            headers.get("lambda-runtime-invoked-function-arn", ""),
            int(headers["lambda-runtime-deadline-ms"]),
            loads(headers.get("lambda-runtime-client-context", "{}")),
        )


class Progress:
    """What is finished of a batch, complete or no file at all: a process that goes on repeats none of it."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self.outcomes = dict(self._read()) if path else {}

    def add(self, index: int, outcome: bytes) -> bytes:
        """Keep the outcome of an item, and give it."""
        if self._path:
            line = b"%d %d\n%s\n" % (index, len(outcome), outcome)
            try:
                with open(self._path, "ab") as file:
                    file.write(line)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(self._path)
                self._path = None
        return outcome

    def _read(self) -> Iterator[tuple[int, bytes]]:
        """The whole entries; one that was cut short is removed, so that others can follow."""
        with contextlib.suppress(OSError), open(self._path or "", "a+b") as file:
            whole = file.seek(0)
            while len(head := file.readline().split()) == 2:
                outcome = file.read(int(head[1]) + 1)
                if len(outcome) != int(head[1]) + 1:
                    break
                whole = file.tell()
                yield int(head[0]), outcome[:-1]
            file.truncate(whole)


class Runtime:
    """The loop: one handler, one call at a time."""

    def __init__(self, client: Client, log: LambdaLogHandler, handler: Callable[[Any, Any], Any]) -> None:
        self._client = client
        self._next = client.message("GET", "/invocation/next")
        self._log = log
        self._handler = handler
        self._pid = os.getpid()
        self._home = os.getcwd()
        self._memory_mb = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self._init_ms: float | None = None

    def run(self, init_ms: float) -> NoReturn:
        """Serve calls until the worker is gone."""
        self._init_ms = init_ms
        self._client.send(self._next)
        while True:
            self._serve(Call(*self._client.answer()))

    def _serve(self, call: Call) -> None:
        redirect_output(call.log_path)
        self._log.request_id = call.id
        with contextlib.suppress(OSError):
            os.chdir(self._home)
        write_log(f"START RequestId: {call.id} Version: $LATEST\n")
        begin = time.perf_counter()
        status, body, leave = self._outcome(call)
        report = self._spooled(call, status, body, (time.perf_counter() - begin) * 1000)
        self._client.send(report, self._next if leave is None else b"")
        self._client.answer()
        if leave is not None:
            exit_now(leave)

    def _outcome(self, call: Call) -> tuple[str, bytes, int | None]:
        """Return status, body and, where the process has to end, its exit status."""
        status, leave = "failed", None
        try:
            body, status = self._call_handler(call), "returned"
        except BaseException as error:  # noqa: BLE001  the handler's errors are data here
            body, leave = described(error, call.id)
        self._only_the_runner(leave or 0)
        self._peak_mb = peak_memory_mb()
        if self._peak_mb > self._memory_mb:
            text = f"RequestId: {call.id} Error: Runtime exited with error: signal: killed"
            return "failed", error_document("Runtime.OutOfMemory", text, [], call.id), 1
        return status, body, leave

    def _only_the_runner(self, code: int) -> None:
        """End a forked child that came back out of the handler: it may neither answer nor go on."""
        if os.getpid() != self._pid:
            os._exit(code)

    def _call_handler(self, call: Call) -> bytes:
        try:
            event = loads(call.body)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
        if isinstance(event, dict) and isinstance(event.get(BATCH), list):
            return self._call_batch(call, event)
        return self._handle(event, call.context)

    def _handle(self, event: Any, context: Context) -> bytes:
        folder = (context.client_context.custom or {}).get("checkpoints")
        if folder:
            os.environ["BUNSUI_CHECKPOINTS"] = folder
        else:
            os.environ.pop("BUNSUI_CHECKPOINTS", None)
        return marshal(self._handler(event, context))

    def _call_batch(self, call: Call, event: dict[str, Any]) -> bytes:
        """Call the handler for one item after the other; what a process before this one finished stays."""
        kept = Progress(event.get("progress"))
        outcomes = [
            kept.outcomes.get(index) or kept.add(index, self._item(call, one))
            for index, one in enumerate(event[BATCH])
        ]
        redirect_output(call.log_path)
        return checked_size(b'{"' + BATCH.encode() + b'":[' + b",".join(outcomes) + b"]}")

    def _item(self, call: Call, one: dict[str, Any]) -> bytes:
        """One item of a batch, with its own log and context: `{output}` or `{error, cause}` as JSON."""
        if one.get("log"):
            redirect_output(one["log"])
        write_log(f"START RequestId: {call.id} Item: {one['key']}\n")
        begin = time.perf_counter()
        context = call.context.for_item(one)
        try:
            outcome = b'{"output":' + self._handle(one["input"], context) + b"}"
        except BaseException as error:  # noqa: BLE001  the handler's errors are data here
            document = described(error, call.id)[0].decode()
            outcome = dumps({"error": loads(document)["errorType"], "cause": document}).encode()
        self._only_the_runner(0)
        milliseconds = (time.perf_counter() - begin) * 1000
        write_log(f"END RequestId: {call.id} Item: {one['key']}\tDuration: {milliseconds:.2f} ms\n")
        return outcome

    def _spooled(self, call: Call, status: str, body: bytes, duration_ms: float) -> bytes:
        """Put the result on disk, and return the request that reports it."""
        init_ms, self._init_ms = self._init_ms, None
        meta = {
            "version": 1,
            "id": call.id,
            "status": status,
            "length": len(body),
            "crc32": crc32(body),
            "duration_ms": round(duration_ms, 3),
            "max_memory_mb": self._peak_mb,
            "init_ms": init_ms,
        }
        write_log(report_lines(call.id, duration_ms, self._memory_mb, self._peak_mb, init_ms))
        line = dumps(meta)
        write_spool(call.spool_path, line, body)
        kind = "response" if status == "returned" else "error"
        more = f"Content-Type: application/json\r\nBunsui-Report: {line}\r\n"
        return self._client.message("POST", f"/invocation/{call.id}/{kind}", body, more)


def report_lines(
    request_id: str, duration_ms: float, memory_mb: int, max_memory_mb: int, init_ms: float | None = None
) -> str:
    """Return the END and REPORT lines of a call."""
    init = "" if init_ms is None else f"\tInit Duration: {init_ms:.2f} ms"
    billed_ms = -int(-duration_ms // 1)
    return (
        f"END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms"
        f"\tMemory Size: {memory_mb} MB\tMax Memory Used: {max_memory_mb} MB{init}\n"
    )


def write_log(text: str) -> None:
    """Write to the log of the current call, whatever became of sys.stdout."""
    data = text.encode("utf-8", "backslashreplace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def write_spool(path: str, line: str, body: bytes) -> None:
    """Put a result on disk, over an earlier one. Where the disk refuses, the log says so."""
    data = line.encode() + b"\n" + body
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(data)
            file.truncate()
            file.flush()
            sync(file.fileno())
    except OSError as error:
        write_log(f"[ERROR] the result could not be spooled: {error}\n")


def redirect_output(path: str) -> None:
    """Point descriptors 1 and 2 at the log of a call, and mend the streams that an earlier handler closed."""
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    if target > 2:
        os.close(target)
    os.set_inheritable(1, True)
    os.set_inheritable(2, True)
    mend_streams()


def mend_streams() -> None:
    """Reopen a standard stream that is closed or gone; a handler's own replacement stays."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None or getattr(stream, "closed", False):
            raw = io.FileIO(descriptor, "w", closefd=False)
            mended = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)
            setattr(sys, name, mended)


def marshal(value: object) -> bytes:
    """Return a handler's return value as JSON; bytes must be JSON already. Decimals stay exact.

    Raises Fault: Runtime.MarshalError, Function.ResponseSizeTooLarge.
    """
    try:
        if isinstance(value, bytes):
            loads(value.decode("utf-8"))
        body = value if isinstance(value, bytes) else encode(value)
    except Exception as error:  # noqa: BLE001  user classes may raise anything while they are encoded
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {message_of(error)}") from None
    return checked_size(body)


def checked_size(body: bytes) -> bytes:
    """Return a response that is not too large. Raises Fault: Function.ResponseSizeTooLarge."""
    if len(body) > MAX_RESPONSE_BYTES:
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
        raise Fault("Function.ResponseSizeTooLarge", text)
    return body


def encode(value: object) -> bytes:
    """Return `value` as JSON in UTF-8."""
    numbers: dict[str, str] = {}

    def default(item: object) -> str:
        # Whoever returns a Decimal has imported the module; the others need not pay for it.
        decimal = sys.modules.get("decimal")
        if decimal is None or not isinstance(item, decimal.Decimal):
            raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")
        if not item.is_finite():
            raise ValueError("Out of range decimal values are not JSON compliant")
        token = f"decimal-{os.urandom(12).hex()}"
        numbers[f'"{token}"'] = str(item)
        return token

    text = dumps(value, default=default, ensure_ascii=False, allow_nan=False)
    for token, number in numbers.items():
        text = text.replace(token, number, 1)
    return text.encode("utf-8")


def described(error: BaseException, request_id: str) -> tuple[bytes, int | None]:
    """Log what a handler raised; return its error document and the exit status where it ends the process."""
    if isinstance(error, Exception):
        return failure(error, request_id), None
    code = exit_status(error)
    how = f"exited with error: exit status {code}" if code else "exited without providing a reason"
    text = f"RequestId: {request_id} Error: Runtime {how}"
    return error_document("Runtime.ExitError", text, [], request_id), code


def failure(error: Exception, request_id: str) -> bytes:
    """Log an error of the handler and return its error document."""
    if isinstance(error, Fault):
        kind, frames = error.error_type, []
    else:
        kind, frames = type(error).__name__, user_frames(error)
    message = message_of(error)
    trace = f"Traceback (most recent call last):\n{''.join(frames)}" if frames else ""
    write_log(f"[ERROR] {kind}: {message}\n{trace}")
    return error_document(kind, message, frames, request_id)


def error_document(kind: str, message: str, frames: list[str], request_id: str) -> bytes:
    """Return AWS's error document as JSON."""
    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]}… ({len(message)} characters, whole in the log)"
    document = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": frames}
    return dumps(document).encode()


def message_of(error: BaseException) -> str:
    """Return the text of an exception, also of one whose `__str__` fails or holds lone surrogates."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  user code
        return f"<unprintable {type(error).__name__} object>"
    return text.encode("utf-8", "backslashreplace").decode()


def user_frames(error: Exception) -> list[str]:
    """Return the formatted frames of an exception from the user's first frame on."""
    frames = traceback.extract_tb(error.__traceback__)
    while frames and (frames[0].filename == __file__ or "importlib" in frames[0].filename):
        del frames[0]
    return [line.encode("utf-8", "backslashreplace").decode() for line in traceback.format_list(frames)]


def exit_status(error: BaseException) -> int:
    """Log what ended the handler and return the status that the interpreter would exit with."""
    if not isinstance(error, SystemExit):
        write_log("".join(traceback.format_exception(type(error), error, error.__traceback__)))
        return 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    write_log(f"{error.code}\n")
    return 1


def peak_memory_mb() -> int:
    """Return the highest resident memory of this process in MiB, also between two samples of the worker."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1024 if sys.platform == "darwin" else 1
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    return -(-kilobytes // 1024)


def load_handler(name: str) -> Callable[[Any, Any], Any]:
    """Import `module:function` or `module.function`. Raises Fault, or what the module raises."""
    module_name, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    if not (module_name and attribute):
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{name}': no module and function in it")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module_name}': {error}"
        raise Fault("Runtime.ImportModuleError", text) from error
    except SyntaxError as error:
        text = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", text) from error
    handler: Callable[[Any, Any], Any] | None = getattr(module, attribute, None)
    if handler is None:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'")
    return handler


def set_up_logging() -> LambdaLogHandler:
    """Give the root logger Lambda's format."""
    handler = LambdaLogHandler()
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)
    return handler


def end_session() -> NoReturn:
    """Leave, and end what the handlers left running: nobody else is there to do it."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def exit_now(code: int) -> NoReturn:
    """Leave without waiting for threads that a handler left behind."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def load_fresh(project: str) -> None:
    """Let modules of the project's own folders be found without cached bytecode; packages keep theirs."""
    extensions = machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES

    def finder(path: str) -> machinery.FileFinder:
        inside = path == project or path.startswith(project + os.sep)
        if not inside or "site-packages" in path or f"{os.sep}.venv{os.sep}" in path:
            raise ImportError
        return machinery.FileFinder(path, extensions, (FreshLoader, machinery.SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()


def initialise(client: Client) -> Callable[[Any, Any], Any]:
    """Import the handler; report what prevents it and exit, as AWS's runtime does."""
    try:
        return load_handler(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001  the module's errors are data here
        client.send(client.message("POST", "/init/error", failure(error, "")))
        client.answer()
        exit_now(1)
    except BaseException as error:  # noqa: BLE001
        exit_now(exit_status(error))


def main() -> NoReturn:
    """Run until the worker is gone."""
    begin = time.perf_counter()
    # The script's own folder came first; a project's modules are found from the project.
    project = sys.path[0] = os.getcwd()
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules"))
    load_fresh(project)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    token = os.environ.pop("BUNSUI_RUNTIME_TOKEN", "")
    try:
        descriptor = int(os.environ.pop("BUNSUI_RUNTIME_FD"))
        client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"], token, descriptor)
        runtime = Runtime(client, set_up_logging(), initialise(client))
        runtime.run(round((time.perf_counter() - begin) * 1000, 2))
    except WorkerGone:
        end_session()
    except BaseException:  # noqa: BLE001  the outermost edge
        # The interpreter would print this too, and then wait for the threads of the handler.
        traceback.print_exc()
        exit_now(1)


if __name__ == "__main__":
    main()
