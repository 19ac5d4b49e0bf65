#!/usr/bin/env python3
"""The daemon on a real Kafka that freezes, stops, crashes and comes back, 20 times over."""
import json
import os
import signal
import subprocess
import time

import harness
from harness import SCALER, until

OUTAGES = ["freeze", "restart", "freeze", "crash"] * 5
BEGIN = {"freeze": "freeze", "restart": "restart", "crash": "kill9"}
END = {"freeze": "thaw", "crash": "restart"}
STOPS_WITHIN = 2  # seconds, as promised
PARTITIONS, RECORDS = 3, 10  # in each partition
CONNECTIONS = 3
TOPIC, CONSUMERS = "clicks", "writers"

CONFIG = """
pollInterval: 200ms
kubernetes: {{ kubeconfig: "{kubeconfig}", namespace: default, instance: {instance}, timeout: 2s }}
connections:
  events: &events
    kafka: {{ bootstrapServers: "{broker}", timeout: {timeout} }}
  more-events: *events
  other-events: *events
scalers:
  - name: {scaler}
    kafka: {{ connection: events, group: {group}, topics: [{topic}] }}
    scaleUp: {{ messagesAbove: 0 }}
    workers: {{ max: 1 }}
    job: &job {job}
  - {{ name: more, mode: observe, kafka: {{ connection: more-events, group: more, topics: [{topic}] }},
      scaleUp: {{ messagesAbove: 0 }}, workers: {{ max: 1 }}, job: *job }}
  - {{ name: other, mode: observe, kafka: {{ connection: other-events, group: other, topics: [{topic}] }},
      scaleUp: {{ messagesAbove: 0 }}, workers: {{ max: 1 }}, job: *job }}
"""


def control(command):
    """Of the private Kafka."""
    subprocess.run([os.environ["PRIVATE_KAFKA"], command, os.environ["KAFKA_DIR"]], check=True)


class OutageTest(harness.DaemonTest):
    @classmethod
    def setUpClass(cls):
        subprocess.run([os.environ["KAFKA_FILL"], os.environ["KAFKA_BROKER"], TOPIC, str(PARTITIONS), str(RECORDS), CONSUMERS],
                       check=True)

    def setUp(self):
        super().setUp()
        self.sim = self.kubesim()
        self.sim.limits(1, 1)

    def start(self, timeout, *flags):
        config = self.write_config(CONFIG.format(
            kubeconfig=self.sim.kubeconfig, instance=harness.INSTANCE, broker=os.environ["KAFKA_BROKER"], timeout=timeout, scaler=SCALER,
            group=CONSUMERS, topic=TOPIC, job=json.dumps(harness.timer_job(ready_after=0.01))))
        self.running = self.daemon(config, "daemon", *flags)

    def lines(self):
        """The log, but for a line that is still being written."""
        return [line for line in self.running.log().splitlines(keepends=True) if line.endswith("\n")]

    def find(self, what, after, condition):
        """Waits for such a line, after so many others, and returns the number of lines up to its end, and it."""
        def look():
            numbered = enumerate(map(json.loads, self.lines()[after:]), after + 1)
            return next((found for found in numbered if condition(found[1])), None)
        return until(f"{what} in the log", look)

    def test_the_daemon_survives_20_outages_and_tells_of_each(self):
        self.start("500ms", "--log-format", "json", "--log-level", "debug")

        def is_whole(line):
            """A reading of everything, with an age."""
            return line["subject"] == SCALER and line.get("waiting") == PARTITIONS * RECORDS and "oldest_seconds" in line \
                and line["reason"] != "source_unavailable"

        age = self.find("a reading", 0, is_whole)[1]["oldest_seconds"]
        for number, outage in enumerate(OUTAGES, 1):
            where = f"of outage {number}, a {outage},"
            before = len(self.lines())
            control(BEGIN[outage])
            begin, _ = self.find(f"the begin {where}", before, lambda line: line["subject"] == "kafka events" and line["level"] == "WARN")
            self.find(f"the hold {where}", before, lambda line: line["subject"] == SCALER and line.get("reason") == "source_unavailable")
            if outage in END:
                control(END[outage])
            end, _ = self.find(f"the end {where}", begin, lambda line: line["subject"] == "kafka events" and " again after " in line["text"])
            _, reading = self.find(f"a reading after the end {where}", end, is_whole)
            self.assertGreater(reading["oldest_seconds"], age)
            age = reading["oldest_seconds"]
        self.assertIsNone(self.running.process.poll())
        self.assertEqual(self.sim.created(), 1)
        self.assert_promises_kept(self.sim)

    def test_sigterm_is_obeyed_while_the_broker_is_frozen(self):
        """Although every connection is within a call that would take a minute."""
        self.start("60s")
        self.running.wait_until_says("connected to", times=1 + CONNECTIONS)  # and to the cluster
        control("freeze")
        self.addCleanup(control, "thaw")
        self.running.wait_until_says("source_unavailable", times=CONNECTIONS)
        begin = time.monotonic()
        self.running.signal(signal.SIGTERM)
        status = self.running.process.wait(harness.PATIENCE)
        took = time.monotonic() - begin
        self.assertEqual(status, 0, self.running.log())
        self.assertLess(took, STOPS_WITHIN)
        self.assertTrue(self.running.says("SIGTERM: stops; workers are left as they are"))
        self.assert_promises_kept(self.sim)


if __name__ == "__main__":
    harness.main()
