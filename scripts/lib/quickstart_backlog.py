"""The quickstart's story, and whether it came true: publishes, waits until all is done, and sums up.

quickstart_backlog.py --kubesim URL --report FILE --max N --window N --patience SECONDS -- PUBLISH-COMMAND...
Exit status: 0 when every message was processed, no limit was exceeded and no worker is left; 1 otherwise.
"""
import argparse
import json
import re
import subprocess
import sys
import time
import urllib.request

LOOK_EVERY = 0.1  # seconds


class Kubesim:
    def __init__(self, url):
        self.url = url

    def get(self, what):
        with urllib.request.urlopen(f"{self.url}/kubesim/{what}", timeout=10) as answer:
            return json.load(answer)

    def limit(self, limits):
        request = urllib.request.Request(f"{self.url}/kubesim/limits", data=json.dumps(limits).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def workers_left(self):
        return sum(self.get("stats")["unfinished"].values())


def published(command):
    """Runs it; the ids of the messages."""
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(output, end="", flush=True)
    batch, count = re.search(r"ids (\w+)-1 to \w+-(\d+)$", output.strip()).groups()
    return {f"{batch}-{number}" for number in range(1, int(count) + 1)}


def processed(report):
    """The ids in the workers' report, in order."""
    try:
        with open(report, encoding="utf-8") as file:
            return [line.split()[0] for line in file]
    except FileNotFoundError:
        return []


def until(condition, deadline):
    """When the condition came true, in monotonic nanoseconds; None if it did not."""
    while not condition():
        if time.monotonic() > deadline:
            return None
        time.sleep(LOOK_EVERY)
    return time.monotonic_ns()


def seconds(start, end):
    return "never" if end is None else f"{(end - start) / 1e9:.2f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubesim", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--max", type=int, required=True)
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--patience", type=float, required=True)
    parser.add_argument("publish", nargs="+")
    options = parser.parse_args()
    kubesim = Kubesim(options.kubesim)

    start = time.monotonic_ns()
    deadline = time.monotonic() + options.patience
    ids = published(options.publish)
    drained = until(lambda: ids <= set(processed(options.report)), deadline)
    left = until(lambda: kubesim.workers_left() == 0, deadline)

    done, stats, jobs = processed(options.report), kubesim.get("stats"), kubesim.get("times")["jobs"]
    missing, more_than_once = len(ids - set(done)), len(done) - len(set(done))
    peak, unready = max(stats["peak_unfinished"].values(), default=0), max(stats["peak_unready"].values(), default=0)
    lines = [
        ("messages published", len(ids), True),
        ("messages processed", f"{len(ids & set(done))}, {more_than_once} of them more than once", missing == 0),
        ("workers started", len(jobs), len(jobs) > 0),
        ("peak of workers", f"{peak} (at most {options.max} allowed)", peak <= options.max),
        ("peak of unready workers", f"{unready} (at most {options.window} allowed)", unready <= options.window),
        ("first message to first Job", seconds(start, jobs[0]["created"] if jobs else None), bool(jobs)),
        ("first message to drained", seconds(start, drained), drained is not None),
        ("workers left", kubesim.workers_left(), left is not None),
    ]
    print()
    for name, value, good in lines:
        print(f"  {name + ':':<28} {value}{'' if good else '   <-- wrong'}")
    print(flush=True)
    return 0 if all(good for _, _, good in lines) else 1


sys.exit(main())
