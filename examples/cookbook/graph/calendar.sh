#!/bin/sh
# Drafts a reminder for each appointment of the next hour in a shared calendar.
set -e
. "$(dirname "$0")/graph.sh"
TOKEN=$(token)
from=$(date -u +%Y-%m-%dT%H:%M:%SZ)
to=$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v+1H +%Y-%m-%dT%H:%M:%SZ)
graph GET "users/desk@example.com/calendarView?startDateTime=$from&endDateTime=$to&\$select=id,subject,start" |
  jq -c '.value[]? | {id, subject, at: .start.dateTime}' |
  while read -r event; do
    printf 'Soon: %s, at %s UTC.\n' "$(echo "$event" | jq -r .subject)" "$(echo "$event" | jq -r '.at[11:16]')" |
      nightdesk draft --kind reminder --to everybody --key "$(echo "$event" | jq -r .id)"
  done
