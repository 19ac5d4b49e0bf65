"""Faults on request: rules that requests and watch events are matched against."""
import asyncio
import re

from .answers import Answer
from .resources import ApiError, expired
from .store import encode

# kind -> what else it takes; README.md explains them
KINDS = {
    "status": {"status", "retry_after", "message", "body", "done"},
    "delay": {"seconds"},
    "delay_answer": {"seconds"},
    "reset": set(),
    "lost": set(),
    "close": set(),
    "freeze": set(),
    "gone": set(),
    "cut": {"after"},
    "duplicate": set(),
    "stale": set(),
}
COMMON = {"kind", "method", "path", "count", "probability"}
WATCH_KINDS = ("gone", "cut", "duplicate", "stale")


class Fault:
    """One rule. `count`: how often it strikes (absent: for ever); `probability`: how likely it does each time."""

    def __init__(self, rule):
        kind = rule.get("kind")
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; there are {', '.join(KINDS)}")
        unknown = set(rule) - COMMON - KINDS[kind]
        if unknown:
            raise ValueError(f"kind {kind} does not take {', '.join(sorted(unknown))}")
        self.kind, self.rule = kind, rule
        self.method, self.path = re.compile(rule.get("method", ".*")), re.compile(rule.get("path", ".*"))
        self.left, self.probability = rule.get("count"), rule.get("probability", 1)
        self.struck = 0

    def strikes(self, request, random):
        """Whether it does now; then that counts."""
        if self.left == 0 or not self.method.fullmatch(request.method) or not self.path.search(request.target):
            return False
        if self.probability < 1 and random.random() >= self.probability:
            return False
        if self.left:
            self.left -= 1
        self.struck += 1
        return True


class Faults:
    def __init__(self, random):
        self.random = random
        self.rules = []
        self.thaw = asyncio.Event()  # set when what is frozen may go on

    def add(self, rules):
        """One rule or a list of them; all or none."""
        self.rules += [Fault(rule) for rule in (rules if isinstance(rules, list) else [rules])]

    def clear(self):
        """Removes all rules. Whatever is frozen goes on as if nothing had been."""
        self.rules = []
        self.thaw.set()
        self.thaw = asyncio.Event()

    def take(self, request, *kinds):
        """The first rule of one of these kinds that strikes the request."""
        return next((fault for fault in self.rules if fault.kind in kinds and fault.strikes(request, self.random)), None)

    def frozen(self, request):
        return self.take(request, "freeze") is not None

    def report(self):
        return [{**fault.rule, "struck": fault.struck} for fault in self.rules]


def status_answer(rule):
    """The answer of a `status` fault, as the real server words it; "body" replaces it by any text."""
    code, after = rule["status"], rule.get("retry_after")
    headers = [("Retry-After", str(after))] if after is not None else []
    if "body" in rule:
        return Answer(code, rule["body"].encode(), headers)
    if code == 429:
        text = rule.get("message", "Too many requests, please try again later.") + "\n"
        return Answer(429, text.encode(), headers or [("Retry-After", "1")], "text/plain; charset=utf-8")
    reasons = {
        401: ("Unauthorized", "Unauthorized"), 403: ("Forbidden", "forbidden by a fault of kubesim"),
        500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
        503: ("ServiceUnavailable", "apiserver is shutting down"),
        504: ("Timeout", "Timeout: request did not complete within the allotted timeout")}
    if code == 410:
        return Answer(410, encode(expired(rule.get("message", "The resourceVersion for the provided watch is too old.")).body), headers)
    reason, message = reasons.get(code, ("InternalError", "a fault of kubesim"))
    return Answer(code, encode(ApiError(code, reason, rule.get("message", message), {}).body), headers)
