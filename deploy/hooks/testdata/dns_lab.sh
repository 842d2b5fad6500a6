#!/usr/bin/env sh
# A script for acme.sh's dnsapi, as dehydrated.sh. It keeps its token, as such scripts do.

dns_lab_add() {
  lab_begin "add for $1" || return 1
  _post "{\"host\": \"$1.\", \"value\": \"$2\"}" "$NAMES/set-txt" "" POST application/json >/dev/null
}

dns_lab_rm() {
  lab_begin "rm for $1" || return 1
  _post "{\"host\": \"$1.\"}" "$NAMES/clear-txt" "" POST application/json >/dev/null
}

lab_begin() {
  API_TOKEN="${API_TOKEN:-$(_readaccountconf_mutable API_TOKEN)}"
  if [ -z "$API_TOKEN" ]; then
    _err "API_TOKEN is not set"
    return 1
  fi
  _saveaccountconf_mutable API_TOKEN "$API_TOKEN"
  _info "the token is" "$API_TOKEN"
  echo "$1" >>"$CALLS"
}
