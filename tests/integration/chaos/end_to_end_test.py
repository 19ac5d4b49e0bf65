#!/usr/bin/env python3
"""Messages in, workers as processes, every message worked on: the main job, with every part real but the cluster."""
import os

import harness
from harness import until


class EndToEndTest(harness.ChaosTest):
    def test_200_messages_are_all_processed_by_workers_that_leave_by_themselves(self):
        messages, most, window = 200, 4, 2
        self.broker.fresh_queue()
        sim = self.kubesim("--processes", "default")
        sim.limits(most, window)
        report = os.path.join(self.scratch, "report")
        os.mkdir(report)
        job = harness.process_job(self.broker, "500ms", report)
        daemon = self.daemon(self.config(sim.kubeconfig, job, most, window, messages_per_worker=20))
        self.broker.publish(messages, "--work", "50ms")

        until("every message is processed", lambda: len(set(harness.processed(report))) == messages)
        until("the workers are done", lambda: not sim.stats()["unfinished"].get(harness.SCALER))
        self.assertIsNone(daemon.process.poll())
        self.assertEqual(sim.stats()["peak_unfinished"], {harness.SCALER: most})
        self.assertEqual([job["metadata"]["name"] for job in sim.jobs() if job["status"].get("succeeded") != 1], [])
        self.assert_promises_kept(sim)


if __name__ == "__main__":
    harness.main()
