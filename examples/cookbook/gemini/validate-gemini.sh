#!/bin/sh
# Whether the key works: lists the models, which costs nothing. Needs: curl.
root=${GEMINI_API_ROOT:-https://generativelanguage.googleapis.com}
# The key goes in by a file of curl's own syntax on stdin: arguments are seen by everybody on this machine.
status=$(printf 'header = "x-goog-api-key: %s"\n' "$GEMINI_API_KEY" |
  curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}' --config - "$root/v1beta/models?pageSize=1")
case "$status" in
  200) echo AUTH_OK ;;
  400 | 401 | 403) echo "AUTH_FAILED: Gemini answers $status" && exit 1 ;;
  *) echo "Gemini could not tell: status $status" >&2 && exit 75 ;;
esac
