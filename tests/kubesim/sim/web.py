"""HTTP/1.1 by hand on asyncio: keep-alive, chunked watches, and connections that break on request."""
import asyncio
import json
import re
import socket
import struct
import time
import urllib.parse
from email.utils import formatdate
from http.client import responses

from .answers import Answer
from .faults import status_answer
from .resources import JOBS, expired
from .watch import Watch

MAX_HEAD, MAX_BODY = 64 * 1024, 3 * 1024 * 1024  # bytes
BOOKMARK_EVERY = 60  # seconds; and another shortly before the end
SLOW_CLIENT = 16 * 1024 * 1024  # bytes that may wait for a watch's client before it is cut off


class Malformed(Exception):
    pass


class Cut(Exception):
    """The connection is to end now, without another word."""

    def __init__(self, reset=False):
        super().__init__()
        self.reset = reset


class Request:
    def __init__(self, method, target, headers, body, arrived):
        self.method, self.target, self.headers, self.body, self.arrived = method, target, headers, body, arrived
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))


async def read_request(reader):
    """The next request on the connection, or None when the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise Malformed("the head of the request is too long") from None
    arrived = time.monotonic_ns()
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    match = re.fullmatch(r"([A-Z]+) (\S+) HTTP/1\.[01]", first)
    if not match:
        raise Malformed("not an HTTP/1.1 request")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(match[1], match[2], headers, await read_body(reader, headers), arrived)


async def read_body(reader, headers):
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
        return body
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise Malformed("a Content-Length that cannot be")
    return await reader.readexactly(int(length))


def head(status, kind, headers, length):
    text = f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}\r\nCache-Control: no-cache, private\r\nContent-Type: {kind}\r\n"
    text += f"Date: {formatdate(usegmt=True)}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    text += "Transfer-Encoding: chunked\r\n\r\n" if length is None else f"Content-Length: {length}\r\n\r\n"
    return text.encode()


class Web:
    """Serves one Api, with its faults."""

    def __init__(self, api, store, faults, stats):
        self.api, self.store, self.faults, self.stats = api, store, faults, stats
        self.connections = 0

    async def serve(self, reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        try:
            while (request := await read_request(reader)) and await self.respond(request, reader, writer):
                pass
        except Malformed as error:
            writer.write(head(400, "text/plain", [("Connection", "close")], len(str(error))) + str(error).encode())
        except Cut as cut:
            self.abort(writer, cut.reset)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.connections -= 1
            writer.close()

    @staticmethod
    def abort(writer, reset):
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def respond(self, request, reader, writer):
        """Answers. Returns whether the connection may stay."""
        stay = request.headers.get("connection", "").lower() != "close"
        if request.path.startswith("/kubesim/"):
            answer = self.control(request)
        else:
            answer = await self.before(request) or self.api.handle(request)
            if isinstance(answer, Watch):
                return await Stream(self, request, answer, writer).run(reader)
            self.note(request, answer)
            await self.after(request)
            stay = stay and not self.faults.take(request, "close")
        writer.write(head(answer.status, answer.kind, answer.headers, len(answer.body)) + answer.body)
        await writer.drain()
        return stay

    async def before(self, request):
        """The faults that strike before the request is handled. Returns the answer of one that gives it."""
        while self.faults.frozen(request):
            await self.faults.thaw.wait()
        fault = self.faults.take(request, "delay")
        if fault:
            await asyncio.sleep(fault.rule["seconds"])
        if self.faults.take(request, "reset"):
            raise Cut(reset=True)
        fault = self.faults.take(request, "status")
        if fault and fault.rule.get("done"):
            self.api.handle(request)
        return status_answer(fault.rule) if fault else None

    async def after(self, request):
        fault = self.faults.take(request, "delay_answer")
        if fault:
            await asyncio.sleep(fault.rule["seconds"])
        if self.faults.take(request, "lost"):
            raise Cut(reset=True)

    def note(self, request, answer):
        if request.method == "POST" and request.path.endswith("/" + JOBS.plural) and "dryRun" not in request.query:
            try:
                name = json.loads(request.body)["metadata"].get("name", "")
            except (ValueError, KeyError, TypeError, AttributeError):
                name = ""
            self.stats.posted(request, answer.status, name)

    def control(self, request):
        """The simulator's own endpoints; no fault strikes them."""
        calls = {("GET", "stats"): lambda _: {**self.stats.report(), "connections": self.connections}, ("GET", "times"): lambda _: self.stats.times(),
                 ("POST", "limits"): self.stats.limit, ("GET", "faults"): lambda _: self.faults.report(),
                 ("POST", "faults"): self.faults.add, ("DELETE", "faults"): lambda _: self.faults.clear(),
                 ("POST", "compact"): lambda _: self.compact()}
        call = calls.get((request.method, request.path.removeprefix("/kubesim/")))
        if not call:
            return Answer(404, b"kubesim has: " + ", ".join(f"{method} /kubesim/{name}" for method, name in calls).encode() + b"\n",
                          kind="text/plain")
        try:
            return Answer(200, json.dumps(call(json.loads(request.body or b"null")) or {}, indent=1).encode())
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            return Answer(400, f"{error}\n".encode(), kind="text/plain")

    def compact(self):
        self.store.compact()
        self.api.snapshots.clear()


class Stream:
    """One watch on its connection: lines out as they come, until its time is over or a fault ends it."""

    def __init__(self, web, request, watch, writer):
        self.web, self.request, self.watch, self.writer = web, request, watch, writer
        self.loop = asyncio.get_running_loop()
        self.over = self.loop.create_future()  # True: ended properly
        self.held = []  # lines that wait for a thaw
        self.frozen = False
        self.last = {}  # uid -> the line of an object's latest event

    async def run(self, reader):
        """Returns whether the connection may stay."""
        self.writer.write(head(200, "application/json", [], None))
        timers = [self.loop.call_later(self.watch.timeout, self.finish)]
        timers += [self.loop.call_later(at, self.watch.bookmark) for at in self.bookmark_times()]
        hangup = asyncio.ensure_future(reader.read(1))
        try:
            self.begin()
            await asyncio.wait([hangup, self.over], return_when=asyncio.FIRST_COMPLETED)
            if not self.over.done():
                return False
            if not self.over.result():
                await self.writer.drain()
                raise Cut()
            self.writer.write(b"0\r\n\r\n")
            return not hangup.done()
        finally:
            for timer in timers:
                timer.cancel()
            self.watch.end()
            hangup.cancel()
            await asyncio.gather(hangup, return_exceptions=True)

    def bookmark_times(self):
        late = self.watch.timeout - 2 if self.watch.timeout > 4 else self.watch.timeout / 2
        return [*range(BOOKMARK_EVERY, int(late), BOOKMARK_EVERY), late]

    def begin(self):
        if self.web.faults.take(self.request, "gone"):
            self.watch.send = self.send
            self.watch.fail(expired(f"too old resource version: {self.watch.version} ({self.web.store.version})"))
            self.finish()
        elif not self.watch.begin(self.send):
            self.finish()

    def finish(self, properly=True):
        if not self.over.done():
            self.over.set_result(properly)

    def send(self, line, kind, uid=None):
        if self.over.done():
            return
        if self.frozen or self.web.faults.frozen(self.request):
            self.hold(line, kind, uid)
        else:
            self.put(line, kind, uid)

    def hold(self, line, kind, uid):
        self.held.append((line, kind, uid))
        if not self.frozen:
            self.frozen = True
            asyncio.ensure_future(self.release())

    async def release(self):
        await self.web.faults.thaw.wait()
        held, self.held, self.frozen = self.held, [], False
        for arguments in held:
            self.send(*arguments)

    def put(self, line, kind, uid):
        if kind not in ("BOOKMARK", "ERROR"):
            if uid in self.last and self.web.faults.take(self.request, "stale"):
                self.write(self.last[uid])
            if self.cut(line):
                return
            if self.web.faults.take(self.request, "duplicate"):
                self.write(line)
            self.last[uid] = line
        self.write(line)

    def cut(self, line):
        """A `cut` fault: "after" the line, or (the default) in the middle of it."""
        fault = self.web.faults.take(self.request, "cut")
        if fault:
            self.write(line if fault.rule.get("after") == "line" else line[:len(line) // 2])
            self.finish(properly=False)
        return fault

    def write(self, line):
        if self.writer.transport.is_closing():
            return self.finish(properly=False)
        self.writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        if self.writer.transport.get_write_buffer_size() > SLOW_CLIENT:
            self.finish(properly=False)
