"""The quickstart's story, and whether it came true: publishes, waits until all is done, and sums up.

quickstart_backlog.py --kubesim URL --report FILE --max N --window N --patience SECONDS [--stage SCALER ...] -- PUBLISH-COMMAND...
With stages, in their order, each message has to be processed by a worker of each of these scalers.
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


def processed(report, stage):
    """The ids in the workers' report, in order; of those workers alone whose scaler is the stage, unless that is empty."""
    try:
        with open(report, encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        return []
    return [message for message, worker in lines if not stage or re.match(rf"{stage}-\d+-", worker)]


def counts(ids, done):
    return f"{len(ids & set(done))}, {len(done) - len(set(done))} of them more than once"


def started(jobs, stages):
    if not stages:
        return len(jobs)
    per_stage = [f"{sum(job['scaler'] == stage for job in jobs)} {stage}" for stage in stages]
    return f"{len(jobs)}: {', '.join(per_stage)}"


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
    parser.add_argument("--stage", action="append", default=[])
    parser.add_argument("publish", nargs="+")
    options = parser.parse_args()
    kubesim = Kubesim(options.kubesim)

    start = time.monotonic_ns()
    deadline = time.monotonic() + options.patience
    ids = published(options.publish)
    last = options.stage[-1] if options.stage else ""
    drained = until(lambda: ids <= set(processed(options.report, last)), deadline)
    left = until(lambda: kubesim.workers_left() == 0, deadline)

    stats, jobs = kubesim.get("stats"), kubesim.get("times")["jobs"]
    peak, unready = max(stats["peak_unfinished"].values(), default=0), max(stats["peak_unready"].values(), default=0)
    lines = [
        ("messages published", len(ids), True),
        *((f"processed by {stage}" if stage else "messages processed", counts(ids, done), ids <= set(done))
          for stage, done in ((stage, processed(options.report, stage)) for stage in options.stage or [""])),
        ("workers started", started(jobs, options.stage), len(jobs) > 0),
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
