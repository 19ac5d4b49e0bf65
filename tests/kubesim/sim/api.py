"""From a request to an answer: routes, bodies, and what each verb does to the store."""
import base64
import json
import re
import traceback

from . import defaults, schema, validation
from .answers import Answer, failure
from .bodies import MERGE, check_options, decode, dry_run, integer, merge, parse, version_of
from .discovery import discover
from .resources import (ACCOUNTS, ALL, JOBS, LEASES, NAMESPACES, PODS, ApiError, already_exists, bad_request, conflict,
                        expired, invalid, invalid_object, method_not_allowed, not_found, unsupported_media_type)
from .selectors import selection
from .store import clone, encode, stamp
from .watch import Watch, with_kind

PATH = re.compile(r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
                  r"(?:/namespaces/(?P<namespace>[^/]+)(?=/.))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?/?")
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SNAPSHOTS = 100  # lists under way, whose rest clients may still ask for


class Api:
    def __init__(self, store, authority, quotas, lifecycle, stats, minor):
        self.store, self.authority, self.quotas = store, authority, quotas
        self.lifecycle, self.stats, self.minor = lifecycle, stats, minor
        self.resources = {(resource.group, resource.version, resource.plural): resource for resource in ALL}
        self.snapshots = {}  # (resource, namespace, version) -> the objects of a list at that version
        for name in ("default", "kube-system"):
            self.add_namespace({"metadata": {"name": name}})

    def handle(self, request):
        """An Answer, or a Watch to be streamed."""
        try:
            return self.route(request)
        except ApiError as error:
            return failure(error)
        except Exception:  # a fault of ours, which must not look like one of the network's
            traceback.print_exc()
            return failure(ApiError(500, "InternalError", "kubesim failed; see its standard error"))

    def route(self, request):
        found = discover(request.path, self.minor)
        if found is not None:
            return Answer(200, json.dumps(found, indent=2).encode())
        if request.path in ("/healthz", "/livez", "/readyz"):
            return Answer(200, b"ok", kind="text/plain; charset=utf-8")
        user = self.authority.user(request.headers)
        if request.path == REVIEWS and request.method == "POST":
            return Answer(201, encode(self.authority.review(user, parse(request, "SelfSubjectAccessReview"))))
        match = PATH.fullmatch(request.path)
        resource = match and self.resources.get((match["group"] or "", match["core"] or match["version"], match["plural"]))
        if not resource:
            return Answer(404, b"404 page not found\n", kind="text/plain; charset=utf-8")
        return self.dispatch(request, user, resource, match)

    def dispatch(self, request, user, resource, match):
        namespace, name, sub = match["namespace"], match["name"], match["sub"]
        watching = request.query.get("watch") in ("1", "true")
        verbs = {("POST", False): "create", ("GET", False): "watch" if watching else "list", ("GET", True): "get",
                 ("PUT", True): "update", ("PATCH", True): "patch", ("DELETE", True): "delete", ("POST", True): "token"}
        verb = verbs.get((request.method, bool(name)))
        if not verb or (verb == "token") != (sub == "token") or resource.namespaced and not namespace and verb not in ("list", "watch"):
            raise method_not_allowed()
        self.authority.check(user, "create" if verb == "token" else verb, resource, namespace if resource.namespaced else "", name)
        if verb == "token":
            return self.token(request, namespace, name)
        call = getattr(self, verb)
        return call(request, resource, namespace or "") if name is None else call(request, resource, namespace or "", name, sub)

    # Verbs on collections

    def create(self, request, resource, namespace):
        item = parse(request, resource.kind)
        warnings = decode(request, resource, item, self.minor)
        dry = dry_run("CreateOptions", request.query.get("dryRun"))
        item = defaults.without_empty(item)
        self.prepare(resource, namespace, item)
        errors = validation.check(resource.kind, item)
        if errors:
            raise invalid_object(resource, item["metadata"].get("name", ""), errors)
        if resource.namespaced:
            self.quotas.admit(resource, item)
        if dry:
            self.pretend(resource, namespace, item)
        elif resource is NAMESPACES:
            item = self.add_namespace(item)
        else:
            item = self.store.create(resource, item)
        return Answer(201, with_kind(resource, encode(item)), warnings)

    def prepare(self, resource, namespace, item):
        """Names, the namespace, and defaults."""
        meta = item["metadata"] = item.get("metadata") or {}
        item.pop("kind", None)
        item.pop("apiVersion", None)
        if resource.namespaced:
            if meta.setdefault("namespace", namespace) != namespace:
                raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
            if not self.store.get(NAMESPACES, "", namespace):
                raise not_found(NAMESPACES, namespace)
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"][:58] + self.store.suffix()
        for key in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"):
            meta.pop(key, None)
        meta["uid"] = self.store.new_uid()
        if resource is JOBS:
            defaults.job(item, self.minor)
        elif resource is PODS:
            item["status"] = {"phase": "Pending", "qosClass": "BestEffort"}
            defaults.pod_spec(item.setdefault("spec", {}))

    def pretend(self, resource, namespace, item):
        """The part of a creation that a dry run does, too."""
        old = self.store.get(resource, namespace, item["metadata"]["name"])
        if old:
            raise already_exists(resource, item["metadata"]["name"], "deletionTimestamp" in old["metadata"])
        item["metadata"]["creationTimestamp"] = stamp()

    def add_namespace(self, item):
        item.update(spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
        item = self.store.create(NAMESPACES, item)
        self.store.create(ACCOUNTS, {"metadata": {"name": "default", "namespace": item["metadata"]["name"]}})
        return item

    def list(self, request, resource, namespace):
        selects = selection(resource, request.query)
        version = version_of(request)
        if version and version > self.store.version:
            raise ApiError(504, "Timeout", f"Timeout: Too large resource version: {version}, current: {self.store.version}",
                           {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                            "retryAfterSeconds": 1}, retry_after=1)
        limit, start = integer(request, "limit", 0), request.query.get("continue")
        version, items = self.resume(resource, namespace, start) if start else self.snapshot(resource, namespace, limit)
        items = [item for item in items if selects(item)]
        meta = {"resourceVersion": str(version)}
        if limit and len(items) > limit:
            meta["continue"] = self.token_for(version, items[limit - 1])
            if not request.query.get("labelSelector") and not request.query.get("fieldSelector"):
                meta["remainingItemCount"] = len(items) - limit
            items = items[:limit]
        return Answer(200, encode({"kind": resource.kind + "List", "apiVersion": resource.api_version, "metadata": meta, "items": items}))

    def snapshot(self, resource, namespace, limit):
        """A list's version and objects; kept for its further pages, if there may be any."""
        version, items = self.store.version, self.store.list(resource, namespace or None)
        if limit and len(items) > limit:
            self.snapshots[resource, namespace, version] = items
            while len(self.snapshots) > SNAPSHOTS:
                self.snapshots.pop(next(iter(self.snapshots)))
        return version, items

    def resume(self, resource, namespace, start):
        """The version of a list and the objects that are left of it."""
        try:
            token = json.loads(base64.urlsafe_b64decode(start + "=" * (-len(start) % 4)))
            version, after = token["rv"], tuple(token["start"])
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request(f"invalid continue token: continue key is not valid: {error}") from None
        items = self.snapshots.get((resource, namespace, version))
        if items is None:
            raise expired("The provided continue parameter is too old to display a consistent list result. You can start a new list "
                          "without the continue parameter.")
        return version, [item for item in items if (item["metadata"].get("namespace", ""), item["metadata"]["name"]) > after]

    @staticmethod
    def token_for(version, last):
        key = [last["metadata"].get("namespace", ""), last["metadata"]["name"]]
        return base64.urlsafe_b64encode(encode({"v": "meta.k8s.io/v1", "rv": version, "start": key})).decode().rstrip("=")

    def watch(self, request, resource, namespace):
        version = version_of(request)
        timeout = integer(request, "timeoutSeconds", 0) or 1800 + self.store.random.randrange(1800)
        options = {"version": version or None, "timeout": timeout}
        return Watch(self.store, resource, namespace or None, selection(resource, request.query), request.query, options)

    # Verbs on objects

    def find(self, resource, namespace, name):
        item = self.store.get(resource, namespace, name)
        if not item:
            raise not_found(resource, name)
        return item

    def get(self, request, resource, namespace, name, sub):
        return Answer(200, with_kind(resource, encode(self.find(resource, namespace, name))))

    def update(self, request, resource, namespace, name, sub):
        item = parse(request, resource.kind)
        warnings = decode(request, resource, item, self.minor)
        meta = item["metadata"] = item.get("metadata") or {}
        if meta.get("name") != name:
            raise bad_request(f"the name of the object ({meta.get('name')}) does not match the name on the URL ({name})")
        old = self.store.get(resource, namespace, name)
        if not old and resource is LEASES:
            return self.create(request, resource, namespace)
        if not old:
            raise not_found(resource, name)
        self.check_versions(resource, name, old, meta)
        return Answer(200, with_kind(resource, encode(self.replace(resource, old, item, sub))), warnings)

    @staticmethod
    def check_versions(resource, name, old, meta):
        uid, version = old["metadata"]["uid"], old["metadata"]["resourceVersion"]
        if meta.get("uid", uid) != uid:
            raise conflict(resource, name, f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {uid}")
        if not meta.get("resourceVersion"):
            if resource is LEASES:
                raise invalid(f'{resource.qualified} "{name}"', resource.details(name), [
                    ("FieldValueInvalid", "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")])
        elif meta["resourceVersion"] != version:
            raise conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again")

    def patch(self, request, resource, namespace, name, sub):
        old = self.find(resource, namespace, name)
        if request.headers.get("content-type") != MERGE:
            raise unsupported_media_type()
        item = merge(clone(old), parse(request, resource.kind))
        schema.decode(resource.kind, item)
        if item["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]:
            self.check_versions(resource, name, old, item["metadata"])
        return Answer(200, with_kind(resource, encode(self.replace(resource, old, item, sub))))

    def replace(self, resource, old, item, sub):
        """The write of an update: the status alone, or all but the status and what the server keeps."""
        if sub == "status":
            item = {**old, "metadata": dict(old["metadata"]), "status": item.get("status", {})}
        else:
            item = {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
            for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "namespace"):
                item["metadata"].pop(key, None)
                if key in old["metadata"]:
                    item["metadata"][key] = old["metadata"][key]
            if "status" in old:
                item["status"] = old["status"]
            self.check_update(resource, old, item)
        return self.store.update(resource, item)

    @staticmethod
    def check_update(resource, old, item):
        name = old["metadata"]["name"]
        errors = validation.check(resource.kind, item)
        if resource is JOBS:
            errors += [validation.wrong(f"spec.{key}", item["spec"].get(key), "field is immutable")
                       for key in ("completions", "selector", "template") if item["spec"].get(key) != old["spec"].get(key)]
        if errors:
            raise invalid_object(resource, name, errors)

    def delete(self, request, resource, namespace, name, sub):
        options = parse(request, "DeleteOptions") if request.body else dict(request.query)
        item = self.find(resource, namespace, name)
        check_options(options)
        self.check_preconditions(resource, item, options.get("preconditions") or {})
        meta = item["metadata"]
        success = Answer(200, encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                                      "details": {**resource.details(name), "uid": meta["uid"]}}))
        if dry_run("DeleteOptions", options.get("dryRun")):
            return success
        policy = options.get("propagationPolicy") or ("Orphan" if resource is JOBS else "Background")
        self.stats.client_deletes(resource, item, policy, options)
        left = self.lifecycle.delete(resource, item, policy, options.get("gracePeriodSeconds"))
        return success if left is None else Answer(200, with_kind(resource, encode(left)))

    @staticmethod
    def check_preconditions(resource, item, wanted):
        meta = item["metadata"]
        if wanted.get("uid", meta["uid"]) != meta["uid"]:
            raise conflict(resource, meta["name"], f"the UID in the precondition ({wanted['uid']}) does not match the UID in record "
                           f"({meta['uid']}). The object might have been deleted and then recreated", resource.kind)
        if wanted.get("resourceVersion", meta["resourceVersion"]) != meta["resourceVersion"]:
            raise conflict(resource, meta["name"], f"the ResourceVersion in the precondition ({wanted['resourceVersion']}) does not "
                           f"match the ResourceVersion in record ({meta['resourceVersion']}). The object might have been modified",
                           resource.kind)

    def token(self, request, namespace, name):
        return Answer(201, encode(self.authority.token_request(namespace, name, parse(request, "TokenRequest"))))
