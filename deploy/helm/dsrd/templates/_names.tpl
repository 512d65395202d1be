{{- define "dsrd.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "dsrd.selector" -}}
app.kubernetes.io/name: dsrd
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "dsrd.labels" -}}
{{ include "dsrd.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "dsrd.metadata" -}}
name: {{ include "dsrd.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "dsrd.labels" . | nindent 2 }}
{{- end }}
