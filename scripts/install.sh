#!/bin/bash
# install.sh [OPTION...] - installs jobscaler into the cluster of the current kubectl context, or upgrades it. Asks nothing, can
# be repeated, waits until it is ready. With helm if that is there, else with kubectl and what the chart renders to.
#   --namespace NAMESPACE  where to; created if it is not there; default: jobscaler
#   --name NAME            tells several installations apart; default: jobscaler
#   --image IMAGE          the image; default: builds it with docker, podman or buildah, and loads it into kind, minikube or k3d
#   --config FILE          jobscaler's configuration; default: an example that only looks. A configuration that was edited in
#                          the cluster is kept, unless this or a values file gives another
#   --values FILE          values for the chart (see helm/jobscaler/values.yaml); needs helm
#   --demo                 also a RabbitMQ and a scaler for its queue "demo"; fill that with scripts/publish_messages.sh
#   --timeout SECONDS      how long to wait until it is ready; default: 180
#   --dry-run              shows what would be applied, and changes nothing
# What is not given again in an upgrade goes back to its default, except for an edited configuration.
# shellcheck source=lib/cluster.sh
. "$(dirname "$0")/lib/cluster.sh"

image='' config='' values='' demo='' timeout=180 dry_run=''

parse() {
  while [ $# -gt 0 ]; do
    parse_place "$@"
    if [ "$taken" -gt 0 ]; then
      shift "$taken"
      continue
    fi
    case $1 in
    --image | --config | --values | --timeout)
      [ -n "${2:-}" ] || bad_usage "$1 needs a value"
      case $1 in
      --image) image=$2 ;;
      --config) config=$2 ;;
      --values) values=$2 ;;
      --timeout) timeout=$2 ;;
      esac
      shift 2
      ;;
    --demo | --dry-run)
      if [ "$1" = --demo ]; then demo=1; else dry_run=1; fi
      shift
      ;;
    *) bad_usage "unknown argument $1" ;;
    esac
  done
  [[ $timeout =~ ^[1-9][0-9]*$ ]] || bad_usage "--timeout $timeout: must be a number of seconds"
  [[ $image =~ ^[A-Za-z0-9._:/@-]*$ ]] || bad_usage "--image $image: not the name of an image"
  [ -z "$config" ] || [ -r "$config" ] || bad_usage "--config $config: cannot be read"
  [ -z "$values" ] || [ -r "$values" ] || bad_usage "--values $values: cannot be read"
}

begin() { # begin STEP: says so, and remembers it for who reads of its failure
  step=$*
  say "$step" >&2
}

finish() {
  local status=$?
  [ "$BASHPID" = $$ ] || exit "$status"
  trap - EXIT
  rm -rf "$work"
  if [ "$status" != 0 ] && [ -n "$step" ]; then
    printf 'install.sh: failed while %s\n' "$step" >&2
    [ -z "${more:-}" ] || printf 'To see more: %s\n' "$more" >&2
  fi
  exit "$status"
}

# With what

choose_tool() {
  local before
  tool=kubectl
  ! command -v helm >/dev/null || tool=helm
  before=$(installed_with)
  case $before,$tool in
  helm,kubectl) die "$name was installed with helm, which is not here: install helm, or run scripts/uninstall.sh where it is" ;;
  kubectl,helm) tool=kubectl ;; # helm takes over nothing that it did not make
  esac
  if [ -n "$values" ] && [ "$tool" = kubectl ]; then
    if [ "$before" = kubectl ]; then
      die "--values needs helm, but $name was installed without it: run scripts/uninstall.sh first"
    fi
    die "--values needs helm; without it there are --image, --config and --demo"
  fi
}

# The image

# local_cluster: "kind NAME", "k3d NAME" or "minikube NAME", if that is what kubectl talks to
local_cluster() {
  local context profile
  context=$(kubectl config current-context 2>/dev/null || true)
  case $context in
  kind-*) echo "kind ${context#kind-}" ;;
  k3d-*) echo "k3d ${context#k3d-}" ;;
  *)
    profile=$(kubectl get nodes -o 'jsonpath={.items[0].metadata.labels.minikube\.k8s\.io/name}' 2>/dev/null || true)
    [ -z "$profile" ] || echo "minikube $profile"
    ;;
  esac
}

find_builder() {
  if command -v docker >/dev/null && docker info >/dev/null 2>&1; then
    builder=docker
  elif command -v podman >/dev/null; then
    builder=podman
  elif command -v buildah >/dev/null; then
    builder=buildah
  else
    builder=''
  fi
}

say_how_to_push() {
  local with=${builder:-docker}
  step=''
  cat >&2 <<TEXT
install.sh: the cluster is none of kind, minikube and k3d: it needs an image that it can pull. Build and push one, then name it:
  $with build -t REGISTRY/jobscaler:0.1.0 "$REPO"
  $with push REGISTRY/jobscaler:0.1.0
  scripts/install.sh --image REGISTRY/jobscaler:0.1.0 ...
TEXT
  exit 1
}

# build_image: its name says what is in it, so that another one is a reason to restart, and the same is none
build_image() {
  local id
  begin "building the image with $builder (minutes the first time)"
  "$builder" build --iidfile "$work/id" "$REPO" >"$work/build.log" 2>&1 ||
    {
      tail -n 30 "$work/build.log" >&2
      return 1
    }
  id=$(cat "$work/id")
  id=${id#sha256:}
  image=localhost/jobscaler:${id:0:12}
  "$builder" tag "$id" "$image"
}

save_image() {
  case $builder in
  docker) docker save -o "$1" "$image" ;;
  podman) podman save --quiet --format docker-archive -o "$1" "$image" ;;
  buildah) buildah push --quiet "$image" "docker-archive:$1:$image" ;;
  esac
}

load_image() { # load_image KIND NAME
  begin "loading the image into $1 $2"
  command -v "$1" >/dev/null || die "the cluster is one of $1, and to load the image it needs that program"
  save_image "$work/image.tar"
  case $1 in
  kind) kind load image-archive "$work/image.tar" --name "$2" ;;
  k3d) k3d image import "$work/image.tar" --cluster "$2" ;;
  minikube) minikube --profile "$2" image load "$work/image.tar" ;;
  esac >&2
}

provide_image() {
  local cluster
  [ -z "$image" ] || return 0
  cluster=$(local_cluster)
  find_builder
  [ -n "$cluster" ] || say_how_to_push
  [ -n "$builder" ] || die "needs docker, podman or buildah to build the image, or --image"
  if [ -n "$dry_run" ]; then
    image=localhost/jobscaler:built-when-installed
    return
  fi
  build_image
  # shellcheck disable=SC2086
  load_image $cluster
}

# The configuration

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }

values_give_config() { [ -n "$values" ] && grep -qE '^"?config"?:' "$values"; }

# keep_config: takes the one in the cluster for the given one, unless it is what an earlier installation wrote by itself
keep_config() {
  local live=$work/live.yaml written
  [ -z "$config" ] && ! values_give_config && exists "configmap/$name" || return 0
  k get "configmap/$name" -o 'go-template={{index .data "jobscaler.yaml"}}' >"$live"
  written=$(k get "configmap/$name" -o 'go-template={{with .metadata.annotations}}{{index . "jobscaler.io/default-config"}}{{end}}')
  if [ "$written" != "$(sha256 <"$live")" ]; then
    say "keeping the configuration in configmap/$name, which was edited; --config FILE replaces it" >&2
    config=$live
  fi
}

# With helm

helm_arguments() {
  arguments=("$name" "$CHART" --namespace "$namespace")
  [ -z "$values" ] || arguments+=(--values "$values")
  arguments+=(--set-string "image=$image")
  [ -z "$demo" ] || arguments+=(--set demo.enabled=true)
  [ -z "$config" ] || arguments+=(--set-file "config=$config")
}

show_with_helm() {
  helm_arguments
  helm template "${arguments[@]}"
}

apply_with_helm() {
  helm_arguments
  more="helm status $name --namespace $namespace"
  helm upgrade --install "${arguments[@]}" >/dev/null
}

# Without: the manifests that the chart renders to, with the names put in

put_names_in() { sed -e "s|the-namespace|$namespace|g" -e "s|the-release|$name|g" -e "s|the-image|$image|g"; }

# The ConfigMap with the text that was given, or with the chart's, which is marked as such.
config_manifest() { # config_manifest SET
  local manifest=$work/config-manifest.yaml
  put_names_in <"$REPO/helm/manifests/$1-config.yaml" >"$manifest"
  if [ -n "$config" ]; then
    sed '/^  annotations:/,$d' "$manifest"
    printf 'data:\n  jobscaler.yaml: |2\n'
    sed 's/^/    /' "$config"
  else
    sed -e '1,/^  jobscaler.yaml: |/d' -e 's/^    //' "$manifest" >"$work/text.yaml"
    sed "s/\(default-config:\).*/\1 $(sha256 <"$work/text.yaml")/" "$manifest"
  fi
}

# As the chart does where helm is: another installation's workers would be taken for ours.
check_instance() {
  local instance
  [ -n "$config" ] || return 0
  instance=$(sed -nE '/^kubernetes:/,/^[^ #]/s/.*[ {,]instance: *"?([-a-z0-9]+).*/\1/p' "$config" | head -n 1)
  [ "${instance:-jobscaler}" = "$name" ] ||
    die "config: kubernetes.instance is ${instance:-jobscaler}, but must be the release's name, $name"
}

show_with_kubectl() {
  local set=plain
  [ -z "$demo" ] || set=demo
  put_names_in <"$REPO/helm/manifests/$set.yaml"
  config_manifest "$set"
}

apply_with_kubectl() {
  more="kubectl --namespace $namespace get all --selector $(our_labels)"
  show_with_kubectl >"$work/manifests.yaml"
  k apply -f "$work/manifests.yaml" >/dev/null
  [ -n "$demo" ] || k delete deployment,service,secret -l "$(our_labels),app.kubernetes.io/component=demo" >/dev/null
}

# All of it

create_namespace() {
  ! exists "namespace/$namespace" || return 0
  begin "creating the namespace $namespace"
  kubectl create namespace "$namespace" >/dev/null
  kubectl annotate namespace "$namespace" "jobscaler.io/created-for=$name" >/dev/null
}

wait_until_ready() {
  local all deployment
  all=$(k get deployments -l "$(our_labels)" -o name)
  for deployment in $all; do
    case $deployment in *-overprovisioning) continue ;; esac # may have to wait for nodes
    begin "waiting until $deployment is ready"
    more="kubectl --namespace $namespace describe $deployment; kubectl --namespace $namespace logs $deployment"
    if ! k rollout status "$deployment" --timeout "${timeout}s" >/dev/null; then
      k get pods -l "$(our_labels)" >&2 || true
      k logs "$deployment" --tail 5 >&2 || true
      return 1
    fi
  done
  step=''
}

create_demo_queue() {
  begin "creating the queue demo"
  "$REPO/scripts/publish_messages.sh" --name "$name" --namespace "$namespace" 0 >/dev/null
  step=''
}

say_what_next() {
  local place='' port
  [ "$name" = jobscaler ] || place+=" --name $name"
  [ "$namespace" = jobscaler ] || place+=" --namespace $namespace"
  cat <<TEXT
jobscaler is ready: deployment/$name in namespace $namespace.
  its log:          scripts/logs.sh$place scaler
  the workers':     scripts/logs.sh$place workers
  its config:       kubectl --namespace $namespace edit configmap $name
TEXT
  if exists "deployment/$name-rabbitmq"; then
    port=$(k get "deployment/$name-rabbitmq" -o 'jsonpath={.spec.template.spec.containers[0].ports[?(@.name=="management")].containerPort}')
    cat <<TEXT
  200 messages:     scripts/publish_messages.sh$place
  RabbitMQ's web monitor: kubectl --namespace $namespace port-forward deployment/$name-rabbitmq $port
                    then http://localhost:$port, as demo with the password demo
TEXT
  fi
  say "  remove it all:    scripts/uninstall.sh$place"
}

parse "$@"
work=$(mktemp -d "${TMPDIR:-/tmp}/jobscaler-install-XXXXXX")
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

need_kubectl
step="looking at what is there"
choose_tool
provide_image
step="looking at the configuration that is there"
keep_config
[ "$tool" = helm ] || check_instance
if [ -n "$dry_run" ]; then
  step="rendering the chart"
  "show_with_$tool"
  exit
fi
create_namespace
begin "applying $name with $tool"
"apply_with_$tool"
wait_until_ready
! exists "deployment/$name-rabbitmq" || create_demo_queue
say_what_next
