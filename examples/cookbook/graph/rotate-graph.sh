#!/bin/sh
# Makes a new client secret with the one that works. Its last line is what Nightdesk stores, after the check has passed with it.
# Secrets whose end is past are removed; the one before stays until its own end, so that a failed rotation hurts nobody.
set -e
. "$(dirname "$0")/graph.sh"
TOKEN=$(token)
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
graph GET "applications/$OBJECT_ID?\$select=passwordCredentials" |
  jq -r --arg now "$now" '.passwordCredentials[]? | select(.endDateTime < $now) | .keyId' |
  while read -r key; do graph POST "applications/$OBJECT_ID/removePassword" "{\"keyId\":\"$key\"}" >/dev/null; done
graph POST "applications/$OBJECT_ID/addPassword" '{"passwordCredential":{"displayName":"nightdesk"}}' | jq -ce '{secret: .secretText}'
