#!/usr/bin/env python3
"""Two daemons on one instance: one leads, the other stands by, and follows when the first is killed, stopped, frozen or cut off."""
import os
import signal
import socket
import threading
import time

import harness
from harness import until

LEASE, DAY = 15, 86400  # seconds
# Of what is promised in seconds (15 after a death, 3 after a stop) the limits are what no slow machine gets to by itself:
# who does not notice a death waits for another lease, and who was not handed the Lease waits 9 s at least for it to expire.
FOLLOWS_WITHIN, TAKES_OVER_WITHIN = 2 * LEASE, 9
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases/jobscaler-" + harness.INSTANCE
MOST, WINDOW = 400, 1  # more than any of the tests gets to


class Line:
    """A daemon's way to the API server: counts the POSTs of workers that leave by it, and can be cut and mended."""

    def __init__(self, server):
        host, port = server.rsplit("//", 1)[1].rsplit(":", 1)
        self.server = (host, int(port))
        self.posts = 0
        self.whole = True
        self.watches = set()  # their far ends
        self.deaf = set()  # those whose news is lost
        self.pairs = []
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                if not self.whole:
                    near.close()
                    continue
                far = socket.create_connection(self.server)
                self.pairs.append((near, far))
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(source, target, source is near), daemon=True).start()

    def carry(self, source, target, counts):
        try:
            while data := source.recv(65536):
                if counts:
                    self.posts += data.startswith(f"POST {harness.JOBS}?fieldValidation=Strict HTTP".encode())
                    if data.startswith((f"GET {harness.JOBS}?watch=true".encode(), f"GET {harness.PODS}?watch=true".encode())):
                        self.watches.add(target)
                if source not in self.deaf:
                    target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            self.whole = False
            for pair in self.pairs:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs = []

    def deafen(self):
        """What the watches bring does not arrive any more; nobody is told."""
        self.deaf |= self.watches

    def mend(self):
        with self.lock:
            self.whole = True

    def close(self):
        self.cut()
        self.socket.close()


class LeaderTest(harness.ChaosTest):
    """A ramp that goes on all the time, so that there is always something to do."""

    def setUp(self):
        super().setUp()
        self.broker.fresh_queue(messages=MOST)
        self.sim = self.kubesim()
        self.sim.limits(MOST, WINDOW)
        self.lines = {}

    def daemon_by_line(self, name):
        line = Line(self.sim.address)
        self.addCleanup(line.close)
        folder = os.path.join(self.scratch, name)
        os.makedirs(folder, exist_ok=True)
        kubeconfig = os.path.join(folder, "kubeconfig")
        with open(kubeconfig, "w", encoding="utf-8") as file:
            file.write(harness.KUBECONFIG.format(port=line.port))
        daemon = self.daemon(self.config(kubeconfig, harness.timer_job(ready_after=0.3), MOST, WINDOW), name)
        daemon.line = line
        return daemon

    def leader_and_standby(self):
        leader = self.daemon_by_line("leader")
        leader.wait_until_says("leads: holds Lease jobscaler-chaos as ")
        standby = self.daemon_by_line("standby")
        standby.wait_until_says("stands by: ")
        standby.wait_until_says("not_leader")
        self.goes_on()
        return leader, standby

    def goes_on(self):
        """Workers are being created."""
        wanted = self.sim.created() + 2
        until("the ramp goes on", lambda: self.sim.created() >= wanted)

    def holder(self):
        return self.sim.call("GET", LEASES)["spec"]["holderIdentity"]

    def first_post_after(self, moment):
        """When the next POST of a worker came, in nanoseconds."""
        def later():
            return [post["arrived"] for post in self.sim.times()["posts"] if post["arrived"] > moment]
        return until("another POST", later)[0]

    def test_a_standby_creates_nothing_while_the_leader_lives(self):
        leader, standby = self.leader_and_standby()
        begin = time.monotonic()
        until("longer than a lease", lambda: time.monotonic() > begin + LEASE + 1)
        self.assertEqual(standby.line.posts, 0)
        self.assertGreater(leader.line.posts, 0)
        self.assertFalse(standby.says("leads:"))
        self.assertEqual(leader.log().count("leads"), 1)
        self.assertEqual(standby.complaints(), [])
        self.assert_promises_kept(self.sim)

    def test_a_leader_that_is_killed_is_followed_when_its_lease_is_over(self):
        leader, standby = self.leader_and_standby()
        begin = time.monotonic_ns()
        leader.kill()
        killed = time.monotonic_ns()
        self.assertLess((self.first_post_after(killed) - begin) / 1e9, FOLLOWS_WITHIN)
        self.assertTrue(standby.says("leads: "))
        self.goes_on()
        self.assert_promises_kept(self.sim)

    def test_a_leader_that_is_told_to_stop_hands_over(self):
        leader, standby = self.leader_and_standby()
        was = self.holder()
        told = time.monotonic_ns()
        leader.signal(signal.SIGTERM)
        self.assertEqual(leader.process.wait(harness.PATIENCE), 0)
        self.assertNotEqual(self.holder(), was)
        stopped = time.monotonic_ns()
        self.assertLess((self.first_post_after(stopped) - told) / 1e9, TAKES_OVER_WITHIN)
        self.goes_on()
        self.assertGreater(standby.line.posts, 0)
        self.assert_promises_kept(self.sim)

    def test_a_leader_that_was_frozen_for_longer_than_its_lease_wakes_up_to_stand_by(self):
        leader, standby = self.leader_and_standby()
        leader.signal(signal.SIGSTOP)
        standby.wait_until_says("leads: ")
        self.goes_on()
        before = leader.line.posts
        leader.signal(signal.SIGCONT)
        leader.wait_until_says("leads no more: ")
        leader.wait_until_says("stands by: " + self.holder())
        self.goes_on()
        self.assertEqual(leader.line.posts, before)
        self.assert_promises_kept(self.sim)

    def test_a_leader_that_is_cut_off_has_stopped_before_the_other_leads(self):
        leader, standby = self.leader_and_standby()
        leader.line.cut()
        before = leader.line.posts
        standby.wait_until_says("leads: ")
        leader.wait_until_says("leads no more: Lease jobscaler-chaos was not renewed in time: ")
        ahead = (standby.said_at("leads: ") - leader.said_at("leads no more: ")) % DAY  # 2 s; negative is nearly a day
        self.assertLess(ahead, DAY / 2)
        leader.line.mend()
        leader.wait_until_says("stands by: " + self.holder())
        self.goes_on()
        self.assertEqual(leader.line.posts, before)
        self.assert_promises_kept(self.sim)

    def test_a_standby_whose_watch_is_dead_learns_what_there_is_before_it_leads(self):
        leader, standby = self.leader_and_standby()
        until("the standby's watches", lambda: len(standby.line.watches) >= 2)
        standby.line.deafen()
        known = {job["metadata"]["name"] for job in self.sim.jobs()}
        self.goes_on()
        for job in self.sim.jobs():
            if job["metadata"]["name"] not in known:
                self.sim.call("DELETE", f"{harness.JOBS}/{job['metadata']['name']}",
                              {"propagationPolicy": "Background", "preconditions": {"uid": job["metadata"]["uid"]}})
        self.goes_on()
        leader.kill()
        standby.wait_until_says("leads: ")
        self.goes_on()
        self.assertFalse(standby.says("existed already"), "it asked for names that it should have known of")
        violations = self.sim.stats()["violations"]
        self.assertEqual([text for text in violations if not text.startswith("hands off")], [])  # ours, above

    def test_a_daemon_that_is_killed_and_started_again_takes_its_own_lease(self):
        """It need not wait for it: the ramp would stand still for 12 s each time."""
        daemon = self.daemon_by_line("daemon")
        daemon.wait_until_says("leads: ")
        holder = self.holder()
        for _ in range(3):
            daemon.kill()
            daemon = self.daemon(os.path.join(self.scratch, "config.yaml"), "daemon")
            self.goes_on()
            self.assertEqual(self.holder(), holder)
        self.assertFalse(daemon.says("stands by"))
        self.assert_promises_kept(self.sim)

    def test_a_lease_that_is_taken_by_hand_is_respected_and_runs_out(self):
        daemon = self.daemon_by_line("daemon")
        self.goes_on()
        def take():
            lease = self.sim.call("GET", LEASES)
            lease["spec"]["holderIdentity"] = "somebody"
            try:
                return self.sim.call("PUT", LEASES, lease)
            except OSError:  # the daemon has renewed it in between
                return None
        until("somebody has it", take)
        daemon.wait_until_says("leads no more: somebody has taken Lease jobscaler-chaos")
        daemon.wait_until_says("not_leader: somebody holds the Lease")
        daemon.wait_until_says("leads: ", times=2)
        self.goes_on()
        self.assert_promises_kept(self.sim)

    def test_a_ramp_in_bad_weather_keeps_its_limits_while_leaders_come_and_go(self):
        self.sim.faults(*harness.BAD_WEATHER, {"kind": "lost", "method": "PUT", "path": "/leases/", "probability": 0.2},
                        {"kind": "status", "status": 500, "path": "/leases", "probability": 0.1})
        first = self.daemon_by_line("one")
        first.wait_until_says("leads: ")
        other = self.daemon_by_line("other")
        self.goes_on()
        for _ in range(3):
            for daemon in (first, other):
                daemon.signal(signal.SIGSTOP)
                self.goes_on()
                daemon.signal(signal.SIGCONT)
        self.goes_on()
        self.sim.faults()
        self.assert_promises_kept(self.sim)


if __name__ == "__main__":
    harness.main()
