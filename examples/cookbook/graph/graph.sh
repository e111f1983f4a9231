# Sourced by the others: where the tenant and the app are, and a token for them. Needs: curl, jq.
# Three lines of your own, in a file that no repository has: TENANT=…, CLIENT_ID=… (application id), OBJECT_ID=… (its object id).
. "$(dirname "$0")/graph.env"
LOGIN_ROOT=${LOGIN_ROOT:-https://login.microsoftonline.com}
GRAPH_ROOT=${GRAPH_ROOT:-https://graph.microsoft.com}

# Prints an access token, or AUTH_FAILED and exit 77 (75 where nobody could tell). Secrets go in by stdin, never as an argument.
token() {
  answer=$(jq -jn --arg id "$CLIENT_ID" --arg secret "$GRAPH_CLIENT_SECRET" \
    '"grant_type=client_credentials&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&client_id=\($id|@uri)&client_secret=\($secret|@uri)"' |
    curl --silent --max-time 20 --data-binary @- "$LOGIN_ROOT/$TENANT/oauth2/v2.0/token") || exit 75
  printf '%s' "$answer" | jq -er .access_token 2>/dev/null && return
  error=$(printf '%s' "$answer" | jq -r '.error // "no answer"' 2>/dev/null)
  case "$error" in
    invalid_client | unauthorized_client | invalid_grant) echo "AUTH_FAILED: $error" >&2 && exit 77 ;;
    *) echo "no token: $error" >&2 && exit 75 ;;
  esac
}

# graph METHOD PATH [JSON]: one call, its answer on stdout.
graph() {
  printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
    curl --silent --fail --max-time 30 --config - --request "$1" --header 'Content-Type: application/json' \
      ${3:+--data "$3"} "$GRAPH_ROOT/v1.0/$2"
}
