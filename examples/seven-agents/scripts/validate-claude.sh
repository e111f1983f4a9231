#!/bin/sh
# Whether the token works: one call to the smallest model, about a kilobyte. `claude auth status` says yes to a revoked token.
# Needs: claude.
out=$(CLAUDE_CODE_MAX_RETRIES=0 claude -p ok --model haiku --tools "" --system-prompt probe --no-session-persistence \
  --strict-mcp-config --max-turns 1 --output-format json </dev/null 2>&1) && echo AUTH_OK && exit 0
case "$out" in
  *'"api_error_status":401'* | *'"api_error_status":403'* | *authentication_failed* | *'Invalid API key'* | *'Not logged in'* | *'/login'*)
    echo "AUTH_FAILED: claude refuses the login" && exit 1 ;;
  # A usage limit, an overload, no network: the login itself is not refuted.
  *) echo "claude could not tell: $(printf '%s' "$out" | tail -c 200)" >&2 && exit 75 ;;
esac
