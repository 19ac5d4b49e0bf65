"""Who may do what: the administrator everything, ServiceAccounts what Roles bound to them in the namespace say."""
from .resources import ACCOUNTS, BINDINGS, ROLES, ApiError, bad_request, forbidden, not_found, unauthorized
from .store import stamp

ANONYMOUS = "system:anonymous"
ADMIN = "kubesim-admin"


class Authority:
    def __init__(self, store, token):
        self.store = store
        self.users = {token: ADMIN}  # by bearer token

    def user(self, headers):
        kind, _, token = headers.get("authorization", "").partition(" ")
        if not token:
            return ANONYMOUS
        if kind != "Bearer" or token not in self.users:
            raise unauthorized()
        return self.users[token]

    def token_request(self, namespace, name, body):
        """A TokenRequest's answer: a new token of the ServiceAccount."""
        if not self.store.get(ACCOUNTS, namespace, name):
            raise not_found(ACCOUNTS, name)
        seconds = (body.get("spec") or {}).get("expirationSeconds", 3600)
        if seconds < 600:
            raise bad_request("expirationSeconds: may not specify a duration less than 10 minutes")
        token = f"kubesim-{self.store.new_uid()}"
        self.users[token] = f"system:serviceaccount:{namespace}:{name}"
        return {**body, "metadata": {"name": name, "namespace": namespace, "creationTimestamp": stamp()},
                "status": {"token": token, "expirationTimestamp": stamp()}}

    def check(self, user, verb, resource, namespace, name):
        if not self.allowed(user, verb, resource.group, resource.plural, namespace, name):
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            error = forbidden(resource, name, f'User "{user}" cannot {verb} resource "{resource.plural}" '
                              f'in API group "{resource.group}" {where}')
            raise error

    def allowed(self, user, verb, group, plural, namespace, name=None):
        if user == ADMIN:
            return True
        if not user.startswith("system:serviceaccount:"):
            return False
        _, _, home, account = user.split(":")
        for binding in self.store.list(BINDINGS, namespace) if namespace else ():
            subjects = [(subject.get("kind"), subject.get("namespace"), subject.get("name"))
                        for subject in binding.get("subjects") or []]
            role = self.store.get(ROLES, namespace, binding.get("roleRef", {}).get("name"))
            if role and ("ServiceAccount", home, account) in subjects:
                if any(grants(rule, verb, group, plural, name) for rule in role.get("rules") or []):
                    return True
        return False

    def review(self, user, body):
        """A SelfSubjectAccessReview's answer."""
        asked = (body.get("spec") or {}).get("resourceAttributes")
        if asked is None:
            raise ApiError(422, "Invalid", 'SelfSubjectAccessReview.authorization.k8s.io "" is invalid: spec.resourceAttributes: '
                           "Invalid value: \"null\": exactly one of nonResourceAttributes or resourceAttributes must be specified")
        allowed = self.allowed(user, asked.get("verb"), asked.get("group", ""), asked.get("resource"),
                               asked.get("namespace", ""), asked.get("name"))
        return {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {"creationTimestamp": None},
                "spec": body["spec"], "status": {"allowed": allowed}}


def grants(rule, verb, group, plural, name):
    def covers(key, value):
        return value in rule.get(key, []) or "*" in rule.get(key, [])
    return (covers("verbs", verb) and covers("apiGroups", group) and covers("resources", plural)
            and (not rule.get("resourceNames") or name in rule["resourceNames"]))
