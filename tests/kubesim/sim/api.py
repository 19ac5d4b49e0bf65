"""From a request to an answer: routes, bodies, and what each verb does to the store."""
import base64
import json
import re
import traceback

from . import defaults, schema, validation
from .resources import (ACCOUNTS, ALL, JOBS, LEASES, NAMESPACES, PODS, ApiError, already_exists, bad_request, conflict, expired, invalid,
                        invalid_object, method_not_allowed, not_found, unsupported_media_type)
from .selectors import selection
from .store import clone, encode, stamp
from .watch import Watch, with_kind

PATH = re.compile(r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
                  r"(?:/namespaces/(?P<namespace>[^/]+)(?=/.))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?/?")
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
MERGE = "application/merge-patch+json"
SNAPSHOTS = 100  # lists under way, whose rest clients may still ask for
STRICT_SINCE = 25  # 1.25: fieldValidation


class Answer:
    def __init__(self, status, body, headers=(), kind="application/json"):
        self.status, self.body, self.headers, self.kind = status, body, list(headers), kind


def failure(error):
    headers = [("Retry-After", str(error.retry_after))] if error.retry_after else []
    return Answer(error.code, encode(error.body), headers)


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
        found = self.discovery(request.path)
        if found is not None:
            return Answer(200, json.dumps(found, indent=2).encode())
        if request.path in ("/healthz", "/livez", "/readyz"):
            return Answer(200, b"ok", kind="text/plain; charset=utf-8")
        user = self.authority.user(request.headers)
        if request.path == REVIEWS and request.method == "POST":
            return Answer(201, encode(self.authority.review(user, self.parse(request, "SelfSubjectAccessReview"))))
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

    # Bodies

    def parse(self, request, kind):
        """The object in a request's body, as JSON."""
        if request.headers.get("content-type", "application/json").partition(";")[0] not in ("application/json", MERGE):
            raise unsupported_media_type()
        try:
            item = json.loads(request.body)
        except ValueError as error:
            raise bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse "
                              f"error: {error} ({request.body[:20].hex() or '<empty>'})") from None
        if not isinstance(item, dict):
            raise bad_request(f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse "
                              f"error: json: cannot unmarshal into a Go struct ({request.body[:20].hex()})")
        return item

    def decode(self, request, resource, item):
        """Checks kind, types and unknown fields. Returns the warnings to send along."""
        kind, version = item.get("kind") or resource.kind, item.get("apiVersion") or resource.api_version
        if (kind, version) != (resource.kind, resource.api_version):
            raise bad_request(f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: no kind '
                              f'"{kind}" is registered for version "{version}" in scheme "kubesim"')
        unknown = [f'unknown field "{path}"' for path in schema.decode(resource.kind, item)]
        mode = request.query.get("fieldValidation", "Warn")
        if self.minor < STRICT_SINCE or not unknown or mode == "Ignore":
            return []
        if mode == "Strict":
            raise schema.cannot_be_handled(resource.kind, "strict decoding error: " + ", ".join(unknown))
        return [("Warning", f'299 - "{text}"'.replace('field "', 'field \\"').replace('""', '\\""')) for text in unknown]

    @staticmethod
    def dry_run(request, options, value):
        if value in (None, [], ""):
            return False
        values = value if isinstance(value, list) else [value]
        if values != ["All"]:
            text = 'Unsupported value: []string{%s}: supported values: "All"' % ", ".join(f'"{word}"' for word in values)
            raise invalid(f'{options}.meta.k8s.io ""', {"group": "meta.k8s.io", "kind": options},
                          [("FieldValueNotSupported", "dryRun", text)])
        return True

    # Verbs on collections

    def create(self, request, resource, namespace):
        item = self.parse(request, resource.kind)
        warnings = self.decode(request, resource, item)
        dry = self.dry_run(request, "CreateOptions", request.query.get("dryRun"))
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
        version = self.version_asked(request)
        if version and version > self.store.version:
            raise ApiError(504, "Timeout", f"Timeout: Too large resource version: {version}, current: {self.store.version}",
                           {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                            "retryAfterSeconds": 1}, retry_after=1)
        limit, start = self.integer(request, "limit", 0), request.query.get("continue")
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
        version = self.version_asked(request)
        timeout = self.integer(request, "timeoutSeconds", 0) or 1800 + self.store.random.randrange(1800)
        options = {"version": version or None, "timeout": timeout}
        return Watch(self.store, resource, namespace or None, selection(resource, request.query), request.query, options)

    @staticmethod
    def integer(request, name, default):
        text = request.query.get(name, "")
        if not re.fullmatch(r"-?\d+|", text):
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        return int(text) if text else default

    @staticmethod
    def version_asked(request):
        text = request.query.get("resourceVersion", "")
        if not re.fullmatch(r"\d*", text):
            raise ApiError(500, None, f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')
        return int(text) if text else 0

    # Verbs on objects

    def find(self, resource, namespace, name):
        item = self.store.get(resource, namespace, name)
        if not item:
            raise not_found(resource, name)
        return item

    def get(self, request, resource, namespace, name, sub):
        return Answer(200, with_kind(resource, encode(self.find(resource, namespace, name))))

    def update(self, request, resource, namespace, name, sub):
        item = self.parse(request, resource.kind)
        warnings = self.decode(request, resource, item)
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
        item = merge(clone(old), self.parse(request, resource.kind))
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
        options = self.parse(request, "DeleteOptions") if request.body else dict(request.query)
        item = self.find(resource, namespace, name)
        self.check_options(options)
        self.check_preconditions(resource, item, options.get("preconditions") or {})
        meta = item["metadata"]
        success = Answer(200, encode({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                                      "details": {**resource.details(name), "uid": meta["uid"]}}))
        if self.dry_run(request, "DeleteOptions", options.get("dryRun")):
            return success
        policy = options.get("propagationPolicy") or ("Orphan" if resource is JOBS else "Background")
        self.stats.client_deletes(resource, item, policy, options)
        left = self.lifecycle.delete(resource, item, policy, options.get("gracePeriodSeconds"))
        return success if left is None else Answer(200, with_kind(resource, encode(left)))

    @staticmethod
    def check_options(options):
        policy = options.get("propagationPolicy")
        if policy not in (None, "Foreground", "Background", "Orphan"):
            raise invalid('DeleteOptions.meta.k8s.io ""', {"group": "meta.k8s.io", "kind": "DeleteOptions"}, [
                validation.supported("propagationPolicy", policy, ["Foreground", "Background", "Orphan", "nil"])])

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
        return Answer(201, encode(self.authority.token_request(namespace, name, self.parse(request, "TokenRequest"))))

    # Discovery, for kubectl and for people

    def discovery(self, path):
        if path == "/version":
            return {"major": "1", "minor": str(self.minor), "gitVersion": f"v1.{self.minor}.0+kubesim", "gitCommit": "kubesim",
                    "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "none",
                    "platform": "linux/amd64"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        if path == "/apis":
            versions = [{"groupVersion": text, "version": "v1"} for text in sorted({r.api_version for r in ALL if r.group})]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": v["groupVersion"].partition("/")[0], "versions": [v], "preferredVersion": v} for v in versions]}
        group = path.removeprefix("/apis/").removeprefix("/api/")
        found = [resource for resource in ALL if path.startswith("/api") and resource.api_version == group]
        return found and {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": [
            {"name": r.plural, "singularName": "", "namespaced": r.namespaced, "kind": r.kind,
             "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"]} for r in found]} or None


def merge(item, patch):
    """JSON merge patch, RFC 7396. Changes and returns `item`."""
    for key, value in patch.items():
        if value is None:
            item.pop(key, None)
        elif isinstance(value, dict):
            item[key] = merge(item[key] if isinstance(item.get(key), dict) else {}, value)
        else:
            item[key] = value
    return item
