"""The resources kubesim serves, and the words in which an API server says no."""


class Resource:
    """One kind of object. `group` is "" for the core group."""

    def __init__(self, group, version, plural, kind, fields=(), namespaced=True):
        self.group, self.version, self.plural, self.kind = group, version, plural, kind
        self.fields = ("metadata.name", "metadata.namespace") + tuple(fields)  # of field selectors
        self.namespaced = namespaced
        self.api_version = f"{group}/{version}" if group else version
        self.qualified = f"{plural}.{group}" if group else plural  # jobs.batch
        self.qualified_kind = f"{kind}.{group}" if group else kind  # Job.batch

    def details(self, name, kind=None):
        named = {"name": name} if name else {}
        grouped = {"group": self.group} if self.group else {}
        return {**named, **grouped, "kind": kind or self.plural}


RBAC = "rbac.authorization.k8s.io"
JOBS = Resource("batch", "v1", "jobs", "Job", ["status.successful"])
PODS = Resource("", "v1", "pods", "Pod", ["spec.nodeName", "status.phase", "spec.restartPolicy"])
EVENTS = Resource("", "v1", "events", "Event", [
    "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
    "involvedObject.apiVersion", "reason", "type"])
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
ROLES = Resource(RBAC, "v1", "roles", "Role")
BINDINGS = Resource(RBAC, "v1", "rolebindings", "RoleBinding")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", ["status.phase"], namespaced=False)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
ALL = [JOBS, PODS, EVENTS, LEASES, QUOTAS, ACCOUNTS, ROLES, BINDINGS, NAMESPACES, NODES]


class ApiError(Exception):
    """An answer that is not a success: an HTTP status with a Status body."""

    def __init__(self, code, reason, message, details=None, retry_after=None):
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after
        self.body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
        if reason:
            self.body["reason"] = reason
        if details is not None:
            self.body["details"] = details
        self.body["code"] = code


def bad_request(message):
    return ApiError(400, "BadRequest", message)


def unauthorized():
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource, name, why):
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", resource.details(name))


def not_found(resource, name):
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', resource.details(name))


def method_not_allowed():
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource, name, deleting=False):
    prefix = "object is being deleted: " if deleting else ""
    return ApiError(409, "AlreadyExists", f'{prefix}{resource.qualified} "{name}" already exists', resource.details(name))


def conflict(resource, name, why, kind=None):
    """`kind` replaces the plural where the server says Job.batch instead of jobs.batch."""
    subject = resource.qualified_kind if kind else resource.qualified
    return ApiError(409, "Conflict", f'Operation cannot be fulfilled on {subject} "{name}": {why}',
                    resource.details(name, kind))


def expired(message):
    return ApiError(410, "Expired", message)


def unsupported_media_type():
    return ApiError(415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types "
                    "include: application/json, application/yaml, application/vnd.kubernetes.protobuf")


def invalid(subject, details, errors):
    """`errors` are (reason, field, message) triples, as validation.py makes them."""
    texts = list(dict.fromkeys(f"{field}: {message}" for _, field, message in errors))
    said = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": reason, "message": message, "field": field} for reason, field, message in errors]
    return ApiError(422, "Invalid", f"{subject} is invalid: {said}", {**details, "causes": causes})


def invalid_object(resource, name, errors):
    return invalid(f'{resource.qualified_kind} "{name}"', resource.details(name, resource.kind), errors)
