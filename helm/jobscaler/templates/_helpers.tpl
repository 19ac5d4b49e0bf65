{{/* What every object carries; uninstall.sh finds them by the first two. Never the labels of workers, which
     are app.kubernetes.io/managed-by=jobscaler and jobscaler.io/instance: the daemon watches those. */}}
{{- define "jobscaler.labels" -}}
app.kubernetes.io/name: jobscaler
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "jobscaler.demo.host" -}}
{{ if .Values.hostNetwork }}127.0.0.1{{ else }}{{ .Release.Name }}-rabbitmq{{ end }}
{{- end }}

{{/* The chart's own configuration. */}}
{{- define "jobscaler.defaultConfig" -}}
{{ tpl (.Files.Get (ternary "files/demo.yaml" "files/config.yaml" .Values.demo.enabled)) . }}
{{- end }}

{{/* The given configuration, which must be of this installation: another's workers would be taken for ours. */}}
{{- define "jobscaler.givenConfig" -}}
{{- $text := .Values.config }}
{{- if not (kindIs "string" $text) }}{{ $text = toYaml $text }}{{ end }}
{{- $config := fromYaml $text }}
{{- with $config.Error }}{{ fail (printf "config: %s" .) }}{{ end }}
{{- $instance := ($config.kubernetes | default dict).instance | default "jobscaler" }}
{{- if ne $instance .Release.Name }}
{{- fail (printf "config: kubernetes.instance is %s, but must be the release's name, %s" $instance .Release.Name) }}
{{- end }}
{{- $text }}
{{- end }}

{{- define "jobscaler.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "jobscaler.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
