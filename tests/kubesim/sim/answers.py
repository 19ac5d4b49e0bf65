"""What is sent back for a request that is no watch."""
from .store import encode


class Answer:
    def __init__(self, status, body, headers=(), kind="application/json"):
        self.status, self.body, self.headers, self.kind = status, body, list(headers), kind


def failure(error):
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    return Answer(error.code, encode(error.body), headers)
