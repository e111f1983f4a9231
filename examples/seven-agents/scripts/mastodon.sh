#!/usr/bin/env bash
# The one program that speaks to Mastodon: check · search WORDS · mentions · stats · publish (an approved draft as JSON on stdin).
# Needs: curl, jq. Exit codes as Nightdesk reads them: 0 done, 75 passes by itself, 77 the token is dead.
set -euo pipefail

# call METHOD PATH [curl options]: the answer on stdout. The token goes in by stdin: arguments are seen by everybody on this machine.
call() {
  local method=$1 path=$2 answer status
  shift 2
  answer=$(printf 'header = "Authorization: Bearer %s"\n' "${MASTODON_TOKEN:-}" |
    curl --silent --show-error --max-time 30 --config - --request "$method" --write-out '\n%{http_code}' "$@" "$MASTODON_URL$path") || exit 75
  status=${answer##*$'\n'}
  case "$status" in
    2*) printf '%s\n' "${answer%$'\n'*}" ;;
    401 | 403) echo "AUTH_FAILED: $MASTODON_URL answers $status" >&2 && exit 77 ;;
    429 | 5*) echo "$MASTODON_URL answers $status" >&2 && exit 75 ;;
    *) printf '%s answers %s: %s\n' "$MASTODON_URL" "$status" "$(head -c 300 <<<"$answer")" >&2 && exit 1 ;;
  esac
}

case "${1:-}" in
  check)
    said=$(call GET /api/v1/accounts/verify_credentials 2>&1) && echo AUTH_OK && exit 0
    code=$?
    echo "$said"
    [ "$code" = 77 ] && exit 1
    exit "$code"
    ;;
  search) call GET /api/v2/search --get --data type=statuses --data limit=20 --data-urlencode "q=$2" | jq '.statuses' ;;
  mentions) call GET '/api/v1/notifications?types[]=mention&limit=30' --globoff | jq '[.[] | {id: .status.id, url: .status.url, from: .account.acct, text: .status.content}]' ;;
  stats) call GET /api/v1/accounts/verify_credentials | jq '{followers: .followers_count, posts: .statuses_count}' ;;
  publish)
    # A draft that is cut off is no JSON, and nothing is sent.
    draft=$(jq -ce '{status: .body, key: "nightdesk-\(.id)-\(.revision)"} + (if (.url // "") == "" then {} else {url: .url} end)')
    body=$(jq -c '{status}' <<<"$draft")
    # A reply answers the post that the draft names: our server is asked for its own number of it.
    if url=$(jq -er .url <<<"$draft"); then
      id=$(call GET /api/v2/search --get --data type=statuses --data resolve=true --data limit=1 --data-urlencode "q=$url" | jq -er '.statuses[0].id') || {
        echo "the post $url is gone" >&2
        exit 1
      }
      body=$(jq -c --arg id "$id" '. + {in_reply_to_id: $id}' <<<"$body")
    fi
    # Mastodon posts the same key once within an hour, however often it is asked.
    call POST /api/v1/statuses --header 'Content-Type: application/json' \
      --header "Idempotency-Key: $(jq -r .key <<<"$draft")" --data "$body" | jq -c '{url, id}'
    ;;
  *) echo "usage: mastodon.sh check | search WORDS | mentions | stats | publish" >&2 && exit 64 ;;
esac
