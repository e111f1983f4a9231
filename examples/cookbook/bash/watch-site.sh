#!/usr/bin/env bash
# Looks whether a page answers; where it does not, drafts a notice for you to send on. Needs: curl.
#   exit 0: done · 75: passes by itself, tried again · 77, or a line AUTH_FAILED: reason: a dead login · anything else: failed
set -euo pipefail

status=$(curl --silent --location --max-time 20 --output /dev/null --write-out '%{http_code}' "$SITE") || status=000
nightdesk beat "asked $SITE"

case "$status" in
  2*) nightdesk progress "$SITE answers $status" ;;
  401 | 403) echo "AUTH_FAILED: $SITE answers $status" && exit 77 ;;
  # Once an hour at most: the same key is the same draft.
  *) echo "Our site does not answer (status $status) since about $(date +%H:%M). We are looking into it." |
    nightdesk draft --kind notice --to "status page" --url "$SITE" --key "down-$(date +%Y%m%d%H)" ;;
esac
