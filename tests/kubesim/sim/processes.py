"""Pods as local processes: the first container's command, in a process group of its own."""
import ctypes
import os
import signal
import subprocess

from .kubelet import Played
from .store import stamp

READY_AFTER = 0.2  # seconds after the start, unless fake/ready-after says otherwise
PR_SET_PDEATHSIG = 1
MESSAGE = 2048  # bytes of the log's end that become the termination message
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """In the child: if kubesim is killed, its pods' processes are, too."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Launcher:
    """Starts the processes of the pods on some groups' nodes, and knows those that run."""

    def __init__(self, groups, logs, directory=None):
        self.groups, self.logs = set(groups), logs
        self.directory = directory
        self.running = set()  # of subprocess.Popen
        self.closed = False
        if logs:
            os.makedirs(logs, exist_ok=True)

    def player(self, group):
        """What plays the pods on the group's nodes."""
        return ProcessPod if group and group.name in self.groups else Played

    def log(self, pod):
        return os.path.join(self.logs, pod["metadata"]["name"] + ".log") if self.logs else os.devnull

    def start(self, pod):
        """Raises OSError when the command cannot be started."""
        if self.closed:
            raise ChildProcessError("kubesim is stopping")
        container = pod["spec"]["containers"][0]
        command = (container.get("command") or []) + (container.get("args") or [])
        if not command:
            raise FileNotFoundError("the container has no command, and kubesim has no image to take one from")
        with open(self.log(pod), "ab") as log:
            process = subprocess.Popen(command, env={**os.environ, **environment(pod, container)}, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                                       cwd=container.get("workingDir") or self.directory, preexec_fn=die_with_parent)
        self.running.add(process)
        return process

    def end_all(self):
        """Kills every process group that runs, and starts no more."""
        self.closed = True
        for process in list(self.running):
            kill(process, signal.SIGKILL)
            process.wait()
            self.running.discard(process)


def environment(pod, container):
    """The container's variables: HOSTNAME as every pod has it, values, and fieldRefs of the pod's name, namespace and uid."""
    found = {"HOSTNAME": pod["metadata"]["name"]}
    for variable in container.get("env") or []:
        path = ((variable.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath", "")
        if path.startswith("metadata."):
            found[variable["name"]] = str(pod["metadata"].get(path.removeprefix("metadata."), ""))
        else:
            found[variable["name"]] = variable.get("value") or ""
    return found


def kill(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


class ProcessPod(Played):
    """A pod that is a process. Ends with it, and takes it along when it is deleted."""

    process = None

    def start(self):
        launcher = self.kubelets.launcher
        try:
            self.process = launcher.start(self.pod)
        except OSError as error:
            self.started = stamp()
            return self.end(128, "StartError", f"failed to start the container's process: {error}")
        self.follow()
        ready = self.seconds("ready-after", READY_AFTER)
        self.write("Running", self.running(), ready=ready == 0)
        if ready:
            self.after(ready, self.become_ready)

    def follow(self):
        self.started = stamp()
        descriptor = os.pidfd_open(self.process.pid)
        self.loop.add_reader(descriptor, self.exited, descriptor)

    def become_ready(self):
        if self.process:
            super().become_ready()

    def exited(self, descriptor):
        self.loop.remove_reader(descriptor)
        os.close(descriptor)
        kill(self.process, signal.SIGKILL)  # what the process left in its group, which is ours until we wait
        code = self.process.wait()
        self.kubelets.launcher.running.discard(self.process)
        self.process = None
        for timer in self.timers:
            timer.cancel()
        code = 128 - code if code < 0 else code
        self.end(code, message=self.last_words() if code else None)
        if self.removing:
            self.drop()

    def last_words(self):
        if self.pod["spec"]["containers"][0].get("terminationMessagePolicy") != "FallbackToLogsOnError":
            return None
        try:
            with open(self.kubelets.launcher.log(self.pod), "rb") as log:
                return log.read()[-MESSAGE:].decode(errors="replace") or None
        except OSError:
            return None

    def remove(self):
        """SIGTERM, and SIGKILL when the grace is over; the pod goes with the process."""
        self.removing = True
        if not self.process:
            return self.drop()
        kill(self.process, signal.SIGTERM)
        self.after(self.pod["metadata"].get("deletionGracePeriodSeconds", 30), self.kill)

    def kill(self):
        if self.process:
            kill(self.process, signal.SIGKILL)

    def forget(self):
        super().forget()
        self.kill()
