#!/bin/bash
# render_manifests.sh [DIRECTORY] - renders the chart to what scripts/install.sh applies where there is no helm: helm/manifests,
# which a test compares with what the chart renders to. To be run after an edit of the chart; needs helm.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

directory=${1:-$REPO/helm/manifests}
helm=$("$REPO/scripts/lib/helm.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# render SET ARGUMENT...: the ConfigMap apart from the rest, as install.sh may have another text for it
render() {
  local set=$1 all=$work/$1/jobscaler/templates
  shift
  "$helm" template the-release "$REPO/helm/jobscaler" --namespace the-namespace --set image=the-image "$@" \
    --output-dir "$work/$set" >/dev/null
  { echo "# Made by scripts/render_manifests.sh: edit the chart."; sed 's/ *$//' "$all/configmap.yaml"; } >"$directory/$set-config.yaml"
  rm "$all/configmap.yaml"
  { echo "# Made by scripts/render_manifests.sh: edit the chart."; cat "$all"/*.yaml; } | sed 's/ *$//' >"$directory/$set.yaml"
}

mkdir -p "$directory"
render plain
render demo --set demo.enabled=true
