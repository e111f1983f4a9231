#!/bin/sh
# Whether Codex is logged in. `codex login status` asks no server: a login that was revoked shows at the first real call, and Nightdesk
# takes that call's own words for it. Needs: codex.
if codex login status >/dev/null 2>&1; then echo AUTH_OK; else echo "AUTH_FAILED: codex is not logged in"; exit 1; fi
