#!/usr/bin/env python3
"""kill -9 of the daemon at random moments of a ramp, under an API server that loses answers, fails, delays and cuts watches.

CHAOS_SEED repeats a run's dice; the machine's timing is its own.
"""
import os
import random
import time

import harness
from harness import BAD_WEATHER, until

GROWING_KILLS, BUSY_KILLS = 60, 30


class KillTest(harness.ChaosTest):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("CHAOS_SEED", random.SystemRandom().randrange(1 << 30)))
        print(f"CHAOS_SEED={seed}", flush=True)
        self.dice = random.Random(seed)
        self.flags = ("--seed", str(seed))

    def wait_for_a_moment(self, kubesim, enough):
        """Some moment in the life of a daemon that has just been started."""
        if self.dice.random() < 0.25:
            time.sleep(self.dice.uniform(0, 0.1))  # somewhere in its start
        else:
            wanted = kubesim.posts() + self.dice.randint(1, 2)
            until("another POST", lambda: kubesim.posts() >= wanted or enough())
            time.sleep(self.dice.uniform(0, 0.01))  # somewhere in what a POST sets off

    def kill_often(self, kubesim, config, times, enough, between=lambda: None):
        for _ in range(times):
            between()
            daemon = self.daemon(config)
            self.wait_for_a_moment(kubesim, enough)
            daemon.kill()
            self.assertEqual(kubesim.stats()["violations"], [])

    def test_a_growing_ramp_keeps_its_promises_through_kills(self):
        most, window = 200, 1
        self.broker.fresh_queue(messages=most + 50)
        kubesim = self.kubesim(*self.flags)
        kubesim.limits(most, window)
        kubesim.faults(*BAD_WEATHER)
        config = self.config(kubesim.kubeconfig, harness.timer_job(ready_after=0.02), most, window)

        self.kill_often(kubesim, config, GROWING_KILLS, enough=lambda: False)
        self.assertLess(kubesim.created(), most, "the ramp was over before the kills were")
        daemon = self.daemon(config)
        until("the backlog has its workers", lambda: kubesim.created() == most, patience=300)
        daemon.wait_until_says("at_max")
        daemon.kill()
        self.clear_up(kubesim)

        self.assertEqual(kubesim.created(), most)
        self.assert_promises_kept(kubesim)

    def test_a_full_house_keeps_its_promises_through_kills(self):
        """Few workers, that come and go: the daemon is at its limits all the time."""
        most, window = 3, 2
        self.broker.fresh_queue()
        kubesim = self.kubesim("--processes", "default", *self.flags)
        kubesim.limits(most, window)
        kubesim.faults(*BAD_WEATHER)
        report = os.path.join(self.scratch, "report")
        os.mkdir(report)
        config = self.config(kubesim.kubeconfig, harness.process_job(self.broker, "100ms", report), most, window)
        published = []

        def burst():
            published.append(self.dice.randint(4, 12))
            self.broker.publish(published[-1], "--work", "30ms")

        def done():
            return len(set(harness.processed(report))) == sum(published)

        self.kill_often(kubesim, config, BUSY_KILLS, enough=lambda: done() and self.over(kubesim), between=burst)
        daemon = self.daemon(config)
        until("the backlog is done", done, patience=300)
        daemon.kill()
        self.clear_up(kubesim)
        until("the workers are done", lambda: self.over(kubesim))

        self.assertEqual(kubesim.stats()["peak_unfinished"][harness.SCALER], most, "the limit was never tried")
        self.assert_promises_kept(kubesim)
        self.assertEqual([job["metadata"]["name"] for job in kubesim.jobs() if not job["status"].get("succeeded")], [])

    def clear_up(self, kubesim):
        """The bad weather ends; it was one. What the daemon sent before it was killed has come."""
        self.assertGreater(kubesim.struck("lost"), 0)
        kubesim.faults()
        until("the daemon's requests are done with", lambda: kubesim.stats()["connections"] == 1)

    def over(self, kubesim):
        return kubesim.stats()["unfinished"].get(harness.SCALER, 0) == 0


if __name__ == "__main__":
    harness.main()
