#!/usr/bin/env python3
"""The daemon when it is stopped, frozen or doubled, and when broker or API server are down or frozen."""
import os
import signal
import socket
import threading
import time

import harness
from harness import JOBS, SCALER, until

STOPS_WITHIN = 2  # seconds
TOO_OLD = 2  # seconds after which a decision must not be carried out any more


class SteadyTest(harness.ChaosTest):
    """A daemon that has done its work: as many workers as it may have, all of them ready."""

    WORKERS = 2

    def setUp(self):
        super().setUp()
        self.broker.fresh_queue(messages=100)
        self.sim = self.kubesim()
        self.sim.limits(self.WORKERS, 1)
        self.running = self.daemon(self.config(self.sim.kubeconfig, harness.timer_job(ready_after=0.01), self.WORKERS))
        until("the workers are ready", lambda: sum(bool(job["ready"]) for job in self.sim.times()["jobs"]) == self.WORKERS)

    def assert_stops(self):
        begin = time.monotonic()
        self.running.signal(signal.SIGTERM)
        status = self.running.process.wait(harness.PATIENCE)
        took = time.monotonic() - begin
        self.assertEqual(status, 0, self.running.log())
        self.assertLess(took, STOPS_WITHIN)
        self.assertTrue(self.running.says("SIGTERM: stops; workers are left as they are"))

    def assert_workers_are_left(self):
        self.assertEqual(self.sim.stats()["unfinished"], {SCALER: self.WORKERS})
        self.assert_promises_kept(self.sim)


class StopTest(SteadyTest):
    def test_sigterm_leaves_the_workers_alone(self):
        self.assert_stops()
        self.assert_workers_are_left()

    def test_sigterm_is_obeyed_while_the_broker_is_frozen(self):
        self.broker.freeze()
        self.running.wait_until_says("source_unavailable")
        self.assert_stops()
        self.assert_workers_are_left()

    def test_sigterm_is_obeyed_while_the_broker_is_dead(self):
        self.broker.kill()
        self.running.wait_until_says("source_unavailable")
        self.assert_stops()
        self.assert_workers_are_left()

    def test_sigterm_is_obeyed_while_the_api_server_is_frozen(self):
        self.sim.process.send_signal(signal.SIGSTOP)
        self.assert_stops()
        self.sim.process.send_signal(signal.SIGCONT)
        self.assert_workers_are_left()


class UnansweredTest(harness.ChaosTest):
    def test_sigterm_is_obeyed_while_a_create_is_unanswered(self):
        self.broker.fresh_queue(messages=100)
        sim = self.kubesim()
        sim.faults({"kind": "freeze", "method": "POST", "path": JOBS + "(?!.*dryRun)"})
        daemon = self.daemon(self.config(sim.kubeconfig, harness.timer_job(ready_after=0.01), most=5))
        until("a POST that gets no answer", lambda: sim.struck("freeze"))
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(harness.PATIENCE), 0)
        self.assertLess(time.monotonic() - begin, STOPS_WITHIN)


class HangingUp:
    """Something before a server that is not there yet, such as a proxy: hangs up on everybody who speaks, and counts them."""

    def __init__(self, port):
        self.count = 0
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.socket.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(1)
                self.count += 1

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class DownAtStartTest(harness.ChaosTest):
    def test_a_daemon_started_before_broker_and_api_server_says_so_once_and_recovers(self):
        most = 3
        self.broker.fresh_queue(messages=100)
        self.broker.kill()
        no_broker, no_api = HangingUp(self.broker.port), HangingUp(0)
        kubeconfig = os.path.join(self.scratch, "kubeconfig")
        with open(kubeconfig, "w", encoding="utf-8") as file:
            file.write(harness.KUBECONFIG.format(port=no_api.port))
        daemon = self.daemon(self.config(kubeconfig, harness.timer_job(ready_after=0.01), most))
        until("several attempts at both", lambda: no_broker.count >= 3 and no_api.count >= 3)
        self.assertIsNone(daemon.process.poll())
        complaints = daemon.complaints()
        self.assertEqual(sorted(complaints), sorted(set(complaints)))
        for subject in ("rabbitmq rabbit", "kubernetes"):
            self.assertIn(f" {subject}  ", "".join(complaints))

        no_broker.close()
        no_api.close()
        self.broker.repair()
        self.broker.fresh_queue(messages=100)  # what a broker got just before kill -9 may be lost
        sim = self.kubesim("--port", str(no_api.port))
        sim.limits(most, 1)
        until("all workers are there", lambda: sim.created() == most)
        self.assert_promises_kept(sim)


class OutageTest(SteadyTest):
    WORKERS = 1

    def test_no_worker_is_created_while_the_broker_is_down(self):
        self.broker.kill()
        self.running.wait_until_says("source_unavailable")
        self.sim.call("DELETE", f"{JOBS}/{SCALER}-1", {"propagationPolicy": "Background"})
        until("the worker is gone", lambda: not self.sim.jobs())
        back = time.monotonic_ns()
        self.broker.repair()  # takes seconds, in which the daemon could do wrong
        self.broker.fresh_queue(messages=100)  # what a broker got just before kill -9 may be lost
        until("the next worker", lambda: self.sim.created() == 2)
        self.assertGreater(self.sim.times()["posts"][1]["arrived"], back)


class FrozenDaemonTest(harness.ChaosTest):
    def test_a_daemon_that_was_frozen_in_mid_ramp_goes_on_within_its_limits(self):
        most, window = 12, 2
        self.broker.fresh_queue(messages=100)
        sim = self.kubesim()
        sim.limits(most, window)
        daemon = self.daemon(self.config(sim.kubeconfig, harness.timer_job(ready_after=0.05), most, window))
        for wanted in (2, 5, 8):
            until("the ramp goes on", lambda: sim.created() >= wanted)
            daemon.signal(signal.SIGSTOP)
            time.sleep(TOO_OLD + 0.2)
            daemon.signal(signal.SIGCONT)
        until("all workers are there", lambda: sim.created() == most)
        self.assert_promises_kept(sim)


class TwoDaemonsTest(harness.ChaosTest):
    def test_two_daemons_at_once_stay_within_the_limits_of_one(self):
        most, window = 40, 1
        self.broker.fresh_queue(messages=100)
        sim = self.kubesim()
        sim.limits(most, window)
        sim.faults(*harness.BAD_WEATHER)
        config = self.config(sim.kubeconfig, harness.timer_job(ready_after=0.02), most, window)
        daemons = [self.daemon(config, name) for name in ("one", "other")]
        until("all workers are there", lambda: sim.created() == most)
        until("one is at its limit, and the other stands by", lambda: sorted(daemon.says("at_max") for daemon in daemons) == [False, True]
              and sorted(daemon.says("not_leader") for daemon in daemons) == [False, True])
        for daemon in daemons:
            daemon.kill()
        sim.faults()
        self.assertEqual(sim.created(), most)
        self.assert_promises_kept(sim)


if __name__ == "__main__":
    harness.main()
