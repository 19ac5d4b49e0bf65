"""The command line, and the simulator as a whole: what is started, how it ends."""
import argparse
import asyncio
import base64
import gc
import os
import random
import signal
import ssl
import sys

from .api import Api
from .auth import Authority
from .events import Recorder
from .faults import Faults
from .jobs import JobController
from .kubelet import Kubelets
from .lifecycle import Lifecycle, QuotaStatus
from .nodes import Autoscaler, Group, Nodes
from .processes import Launcher
from .quota import Quotas
from .stats import Stats
from .store import Store
from .web import MAX_HEAD, Web

PARENT_CHECK = 0.5  # seconds


def group(text):
    try:
        return Group(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def arguments(given):
    parser = argparse.ArgumentParser(prog="kubesim", description="A local stand-in for a Kubernetes API server, its controllers and "
                                     "its nodes; README.md beside it tells more.")
    parser.add_argument("--group", action="append", type=group, default=[], metavar="NAME:MIN:MAX:PODS_PER_NODE:DELAY_SECONDS",
                        help="a node group; may be repeated (default: local:1:1:110:0)")
    parser.add_argument("--processes", action="append", default=[], metavar="GROUP",
                        help="pods on this group run their first container's command as a local process; may be repeated")
    parser.add_argument("--logs", metavar="DIR", help="what the processes print, in DIR/<pod>.log")
    parser.add_argument("--workdir", metavar="DIR", help="where the processes run (default: here)")
    parser.add_argument("--namespace", action="append", default=[], help="a namespace to start with, besides default; may be repeated")
    parser.add_argument("--port", type=int, default=0, help="0: a free one (the default)")
    parser.add_argument("--token", default="kubesim", help="the administrator's bearer token (default: kubesim)")
    parser.add_argument("--tls-cert", metavar="FILE", help="serve HTTPS with this certificate; needs --tls-key")
    parser.add_argument("--tls-key", metavar="FILE")
    parser.add_argument("--tls-ca", metavar="FILE", help="for the kubeconfig (default: the certificate itself)")
    parser.add_argument("--kubeconfig", metavar="FILE", help="write a kubeconfig that reaches the server")
    parser.add_argument("--ready-file", metavar="FILE", help="write the server's address here when it answers")
    parser.add_argument("--minor", type=int, default=28, help="behave as Kubernetes 1.MINOR where that differs (28)")
    parser.add_argument("--history", type=int, default=5000, help="changes per resource that watches can replay (5000)")
    parser.add_argument("--idle", type=float, default=60, help="remove a node above MIN without pods after so many seconds (60)")
    parser.add_argument("--ready-after", type=float, default=1,
                        help="pods that live by timers are Ready so many seconds after their start (1)")
    parser.add_argument("--seed", type=int, help="of names and of faults with a probability")
    parser.add_argument("--detached", action="store_true", help="do not end when the process that started kubesim does")
    options = parser.parse_args(given)
    options.group = options.group or [Group("local:1:1:110:0")]
    unknown = set(options.processes) - {one.name for one in options.group}
    if unknown:
        parser.error(f"--processes {', '.join(sorted(unknown))}: there is no such --group")
    if bool(options.tls_cert) != bool(options.tls_key):
        parser.error("--tls-cert and --tls-key need each other")
    return options


class Simulator:
    """Everything put together, around one store. Lives on the running event loop."""

    def __init__(self, options):
        loop = asyncio.get_running_loop()
        dice = random.Random(options.seed)
        store = Store(dice, options.history)
        self.stats = Stats(store)
        self.recorder = recorder = Recorder(store)
        quotas = Quotas(store)
        lifecycle = Lifecycle(store, loop.call_soon)
        QuotaStatus(store, quotas, loop.call_soon)
        self.launcher = Launcher(options.processes, options.logs, options.workdir)
        JobController(store, recorder, quotas, lifecycle, loop, options.minor)
        nodes = Nodes(store, recorder, loop, options.group, options.minor)
        Autoscaler(store, recorder, loop, nodes, options.idle)
        Kubelets(store, recorder, loop, nodes, options.ready_after, self.launcher)
        api = Api(store, Authority(store, options.token), quotas, lifecycle, self.stats, options.minor)
        for name in options.namespace:
            api.add_namespace({"metadata": {"name": name}})
        self.web = Web(api, store, Faults(dice), self.stats)


def write(path, text):
    """The whole file at once: whoever waits for it never sees half of it."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def kubeconfig(address, options):
    authority = ""
    if options.tls_cert:
        with open(options.tls_ca or options.tls_cert, "rb") as file:
            authority = f"\n    certificate-authority-data: {base64.b64encode(file.read()).decode()}"
    return f"""apiVersion: v1
kind: Config
clusters:
- name: kubesim
  cluster:
    server: {address}{authority}
users:
- name: kubesim
  user:
    token: {options.token}
contexts:
- name: kubesim
  context:
    cluster: kubesim
    user: kubesim
    namespace: {(options.namespace or ["default"])[0]}
current-context: kubesim
"""


def tls(options):
    if not options.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


async def orphaned(parent):
    """Returns when the process that started this one has ended."""
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_CHECK)


async def run(options, parent):
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    simulator = Simulator(options)
    server = await asyncio.start_server(simulator.web.serve, "127.0.0.1", options.port, limit=MAX_HEAD, ssl=tls(options),
                                        reuse_address=True)
    address = f"{'https' if options.tls_cert else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    if options.kubeconfig:
        write(options.kubeconfig, kubeconfig(address, options))
    print(f"kubesim: {address}", flush=True)
    if options.ready_file:
        write(options.ready_file, address + "\n")
    waits = [asyncio.ensure_future(stop.wait())] + ([] if options.detached else [asyncio.ensure_future(orphaned(parent))])
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        simulator.launcher.end_all()


def main(given=None):
    options, parent = arguments(given), os.getppid()
    gc.freeze()  # what is loaded by now lives as long as the process: collections need not look at it
    try:
        asyncio.run(run(options, parent))
    except OSError as error:
        print(f"kubesim: {error}", file=sys.stderr)
        return 1
    return 0
