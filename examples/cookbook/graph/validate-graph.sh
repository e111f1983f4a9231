#!/bin/sh
# Whether the client secret still gets a token. A secret that was just made needs a moment until every server knows it: five tries.
. "$(dirname "$0")/graph.sh"
for try in 1 2 3 4 5; do
  if said=$(token 2>&1 >/dev/null); then echo AUTH_OK && exit 0; else code=$?; fi
  [ "$code" = 77 ] && [ "$try" != 5 ] && sleep "${RETRY_SECONDS:-5}"
done
[ "$code" = 77 ] && echo "$said" && exit 1
echo "$said" >&2 && exit 75
