#!/bin/bash
# uninstall.sh [OPTION...] - removes what scripts/install.sh installed, and nothing else.
#   --namespace NAMESPACE  default: jobscaler
#   --name NAME            default: jobscaler
#   --workers              also ends and removes the workers. Else those that run finish their work, and are removed by the
#                          cluster some time after that
# The namespace goes if install.sh created it and nothing of anybody else is in it.
# shellcheck source=lib/cluster.sh
. "$(dirname "$0")/lib/cluster.sh"

workers=''
while [ $# -gt 0 ]; do
  parse_place "$@"
  if [ "$taken" -gt 0 ]; then
    shift "$taken"
    continue
  fi
  [ "$1" = --workers ] || bad_usage "unknown argument $1"
  workers=1
  shift
done

remove_installation() {
  local with pods
  with=$(installed_with)
  if [ "$with" = helm ]; then
    command -v helm >/dev/null || die "$name was installed with helm, which is not here"
    helm uninstall "$name" --namespace "$namespace" >/dev/null
  else
    k delete deployment,service,configmap,secret,rolebinding,role,serviceaccount -l "$(our_labels)" >/dev/null
  fi
  # The pods go after their Deployments; only then does nobody create workers any more.
  k wait --for=delete pod -l "$(our_labels)" --timeout=120s >/dev/null 2>&1 || true
  pods=$(k get pods -l "$(our_labels)" -o name)
  [ -z "$pods" ] || die "its pods do not end; see kubectl --namespace $namespace get pods"
  k delete lease "jobscaler-$name" --ignore-not-found >/dev/null # the daemon's own
}

remove_workers() {
  k delete jobs -l "$(worker_labels)" >/dev/null
  k wait --for=delete pod -l "$(worker_labels)" --timeout=120s >/dev/null 2>&1 || true
}

# what_is_left: everything in the namespace but what each namespace has by itself
what_is_left() {
  local all=pods,jobs,cronjobs,deployments,statefulsets,daemonsets,services,configmaps,secrets,serviceaccounts
  all=$(k get "$all,persistentvolumeclaims,leases,roles,rolebindings" -o name) || exit 1
  grep -vE '^(configmap/kube-root-ca\.crt|serviceaccount/default|secret/default-token-[a-z0-9]+)$' <<<"$all" || true
}

remove_namespace() {
  local created_for left
  created_for=$(kubectl get "namespace/$namespace" -o 'go-template={{with .metadata.annotations}}{{index . "jobscaler.io/created-for"}}{{end}}')
  [ "$created_for" = "$name" ] || return 0
  left=$(what_is_left)
  if [ -n "$left" ]; then
    say "the namespace $namespace stays, as these are in it: $(tr '\n' ' ' <<<"$left")"
  else
    kubectl delete namespace "$namespace" >/dev/null
    say "removed the namespace $namespace"
  fi
}

need_kubectl
exists "namespace/$namespace" || die "there is no namespace $namespace"
remove_installation
[ -z "$workers" ] || remove_workers
running=$(k get jobs -l "$(worker_labels)" -o name | wc -l)
say "removed $name from namespace $namespace${workers:+, and its workers}"
[ "$running" -eq 0 ] || say "$((running)) Jobs of its workers stay; running ones finish their work, and --workers removes them"
remove_namespace
