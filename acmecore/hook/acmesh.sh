# What scripts of acme.sh's dnsapi expect to find, by the facts of their "DNS API Dev
# Guide" and of what they do, for any POSIX shell. It is called with the path of a script,
# the name of one of its functions, and that function's arguments.
#
# Nothing that may be secret becomes an argument of a program, where every user of the
# host would see it: keys, headers and bodies go through pipes, by printf, which is a
# builtin. Nothing is read as code but the script.

umask 077
PROJECT_NAME=acme.sh
VER=3.1.0
DEBUG_LEVEL_NONE=0 DEBUG_LEVEL_1=1 DEBUG_LEVEL_2=2 DEBUG_LEVEL_3=3
USER_AGENT=${USER_AGENT:-wcme}
_wcme_script=$1 _wcme_function=$2
shift 2
_wcme_place=$(mktemp -d) || exit 1
trap 'rm -rf "$_wcme_place"' EXIT
trap 'exit 143' HUP INT TERM
LE_WORKING_DIR=${_wcme_script%/*}
LE_CONFIG_HOME=$_wcme_place
DOMAIN_CONF=$ACCOUNT_CONF_PATH
HTTP_HEADER=$_wcme_place/header
: >"$HTTP_HEADER"

# Messages. What they say is captured; nothing of it is meant for the caller of a
# function, who reads standard output.

_info() {
  printf '%s\n' "$1${2:+='$2'}" >&2
}

_err() {
  _info "$@"
  return 1
}

__green() {
  printf %s "$1"
}

__red() {
  printf %s "$1"
}

_usage() {
  _info "$@"
}

_debug() { :; }
_debug2() { :; }
_debug3() { :; }
_secure_debug() { :; }
_secure_debug2() { :; }
_secure_debug3() { :; }
_log() { :; }
_syslog() { :; }

# Texts. A text to be looked for is a basic regular expression.

_contains() {
  printf '%s\n' "$1" | grep -e "$2" >/dev/null 2>&1
}

_startswith() {
  _contains "$1" "^$2"
}

_endswith() {
  _contains "$1" "$2\$"
}

_egrep_o() {
  grep -E -o -e "$1" 2>/dev/null
}

_head_n() {
  head -n "$1"
}

_tail_n() {
  tail -n "$1"
}

_upper_case() {
  LC_ALL=C tr abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ
}

_lower_case() {
  LC_ALL=C tr ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz
}

# _getfield TEXT NUMBER [SEPARATOR] prints that field, or the next one before it that is
# not empty, or else the whole text.
_getfield() (
  text=$1 at=$2 separator=${3:-,}
  while [ "$at" -gt 0 ]; do
    field=$(printf '%s\n' "$text" | cut -d "$separator" -f "$at")
    if [ -n "$field" ]; then
      printf %s "$field"
      exit
    fi
    at=$((at - 1))
  done
  printf %s "$text"
)

# _hasfield TEXT FIELD [SEPARATOR]
_hasfield() (
  separator=${3:-,}
  case "$separator$1$separator" in
  *"$separator$2$separator"*) exit 0 ;;
  esac
  exit 1
)

# _math NUMBER OPERATOR NUMBER… takes nothing else: shells that know arrays run commands
# in the index of one, and what is computed with may be of an answer from outside.
_math() (
  IFS=' '
  case $* in
  *[!0-9\ +*/%\(\)-]*)
    _err "this is no arithmetic of numbers: $*"
    exit 1
    ;;
  esac
  printf %s "$(($*))"
)

# _sed_i EXPRESSION FILE
_sed_i() {
  sed "$1" "$2" >"$2.new" && cat "$2.new" >"$2" && rm -f "$2.new"
}

_normalizeJson() {
  sed -e 's/" *: *\(["[{]\)/":\1/g' -e 's/^ *//' | tr -d '\r\n'
}

# _wcme_one_line puts \n in place of line ends but the last one, and \r.
_wcme_one_line() {
  LC_ALL=C awk 'NR > 1 { printf "%sn", "\\" }
    { n = split($0, part, "\r"); printf "%s", part[1]; for (i = 2; i <= n; i++) printf "%sr%s", "\\", part[i] }'
}

_json_encode() {
  sed 's/"/\\"/g' | _wcme_one_line
}

_json_decode() {
  sed 's,\\/,/,g'
}

_idn() {
  case $1 in
  *[!a-zA-Z0-9.,*_-]*) ;;
  *)
    printf %s "$1"
    return
    ;;
  esac
  if _exists idn2; then
    idn2 -- "$1" | tr -d '\r\n'
  elif _exists idn; then
    idn --quiet -- "$1" | tr -d '\r\n'
  else
    _err "there is no program idn2 or idn for the name $1"
  fi
}

# Bytes.

_hex_dump() {
  od -A n -v -t x1 | LC_ALL=C awk '{ for (i = 1; i <= NF; i++) printf " %s", $i }'
}

# _wcme_octal turns hexadecimal digits into what printf makes bytes of.
_wcme_octal() {
  tr -d ' \t\r\n' | _lower_case | LC_ALL=C awk '{
    for (i = 1; i < length($0); i += 2)
      printf "\\%03o", (index("0123456789abcdef", substr($0, i, 1)) - 1) * 16 + index("0123456789abcdef", substr($0, i + 1, 1)) - 1
  }'
}

_h2b() {
  printf "$(_wcme_octal)"
}

_h_char_2_dec() {
  printf %d "0x$1"
}

_ascii_hex() {
  printf %s "$1" | _hex_dump
}

# _url_encode [upper-hex]
_url_encode() {
  _hex_dump | LC_ALL=C awk -v upper="$1" '
    BEGIN { for (n = 33; n < 127; n++) plain[sprintf("%02x", n)] = sprintf("%c", n) }
    { for (i = 1; i <= NF; i++)
        if (($i in plain) && plain[$i] ~ /[A-Za-z0-9._~-]/) printf "%s", plain[$i]
        else printf "%%%s", (upper == "upper-hex" ? toupper($i) : $i) }'
}

_url_replace() {
  tr '/+' '_-' | tr -d '= '
}

_openssl() {
  "${ACME_OPENSSL_BIN:-openssl}" "$@"
}

# _base64 [multiline]
_base64() {
  if [ -n "$1" ]; then
    _openssl base64 -e
  else
    _openssl base64 -e | tr -d '\r\n'
  fi
}

# _dbase64 [multiline]
_dbase64() {
  if [ -n "$1" ]; then
    _openssl base64 -d
  else
    _openssl base64 -d -A
  fi
}

# _wcme_hex_or HEX COMMAND prints bytes in hexadecimal where HEX is anything, and as the
# command does otherwise.
_wcme_hex_or() {
  if [ -n "$1" ]; then
    _hex_dump | tr -d ' '
  else
    "$2"
  fi
}

# _digest ALGORITHM [hex]
_digest() {
  case $1 in
  md5 | sha1 | sha256 | sha384 | sha512 | sha3-256) _openssl dgst "-$1" -binary | _wcme_hex_or "$2" _base64 ;;
  *) _err "the digest $1 is not known" ;;
  esac
}

# _wcme_pad KEY NUMBER BYTES prints the key of an HMAC, in hexadecimal, with each byte
# exclusively or'ed with the number, and filled up (RFC 2104 section 2).
_wcme_pad() {
  printf '%s\n' "$1" | _lower_case | LC_ALL=C awk -v pad="$2" -v bytes="$3" '
    function digit(at) { return at > length($0) ? 0 : index("0123456789abcdef", substr($0, at, 1)) - 1 }
    function either(a, b,   r, w) {
      for (w = 1; w < 256; w *= 2) { r += w * ((a + b) % 2); a = int(a / 2); b = int(b / 2) }
      return r
    }
    { for (i = 0; i < bytes; i++) printf "%02x", either(digit(2 * i + 1) * 16 + digit(2 * i + 2), pad) }' | _h2b
}

# _hmac ALGORITHM KEY [hex], the key in hexadecimal (RFC 2104). It is made of digests,
# because openssl takes a key as an argument only.
_hmac() (
  algorithm=$1 key=$2 block=64
  case $algorithm in
  md5 | sha1 | sha256) ;;
  sha384 | sha512) block=128 ;;
  *)
    _err "the digest $algorithm is not known"
    exit 1
    ;;
  esac
  if [ "${#key}" -gt $((2 * block)) ]; then
    key=$(printf %s "$key" | _h2b | _digest "$algorithm" hex)
  fi
  {
    _wcme_pad "$key" 92 "$block"
    {
      _wcme_pad "$key" 54 "$block"
      cat
    } | _openssl dgst "-$algorithm" -binary
  } | _openssl dgst "-$algorithm" -binary | _wcme_hex_or "$3" cat
)

_isRSA() {
  _openssl rsa -in "$1" -noout -modulus >/dev/null 2>&1
}

_isEcc() {
  _openssl ec -in "$1" -noout >/dev/null 2>&1
}

# _sign KEYFILE ALGORITHM prints a signature in base64: of an RSA key as PKCS #1 has it.
_sign() {
  if ! _isRSA "$1"; then
    _err "$1 is no RSA key"
    return 1
  fi
  _openssl dgst -sign "$1" "-$2" | _base64
}

# _fingerprint CERTIFICATE ALGORITHM
_fingerprint() {
  _openssl x509 -in "$1" -noout -fingerprint "-$2" | sed 's/.*=//' | tr -d ':'
}

# The system.

_exists() {
  command -v "$1" >/dev/null 2>&1
}

_mktemp() {
  mktemp "$_wcme_place/XXXXXXXX"
}

_sleep() {
  sleep "$1"
}

_time() {
  date -u +%s
}

_utc_date() {
  date -u '+%Y-%m-%d %H:%M:%S'
}

# Settings are lines NAME='VALUE' of a file, as acme.sh writes them, so that lines of its
# account.conf can be copied. A value that this form cannot hold is in base64, marked so.

_wcme_b64_start=__ACME_BASE64__START_
_wcme_b64_end=__ACME_BASE64__END_

# _wcme_save NAME VALUE [base64] keeps a setting, and an empty value removes it.
_wcme_save() (
  case $1 in
  '' | *[!A-Za-z0-9_]*) exit 1 ;;
  esac
  [ -n "$ACCOUNT_CONF_PATH" ] || exit 0
  value=$2
  case $value in
  *"'"* | *'
'*) set -- "$1" "$2" base64 ;;
  esac
  if [ -n "$3" ] && [ -n "$value" ]; then
    value=$_wcme_b64_start$(printf %s "$value" | _base64)$_wcme_b64_end
  fi
  new=$(mktemp "$ACCOUNT_CONF_PATH.XXXXXXXX") || exit 1
  if [ -f "$ACCOUNT_CONF_PATH" ]; then
    grep -v "^$1 *=" "$ACCOUNT_CONF_PATH" >"$new"
  fi
  if [ -n "$value" ]; then
    printf "%s='%s'\n" "$1" "$value" >>"$new"
  fi
  sync "$new" 2>/dev/null
  mv -f "$new" "$ACCOUNT_CONF_PATH"
)

_wcme_read() (
  case $1 in
  '' | *[!A-Za-z0-9_]*) exit 1 ;;
  esac
  [ -f "$ACCOUNT_CONF_PATH" ] || exit 0
  value=$(sed -n "s/^$1 *= *'\(.*\)' *\$/\1/p" "$ACCOUNT_CONF_PATH" | tail -n 1)
  case $value in
  "$_wcme_b64_start"*"$_wcme_b64_end")
    value=${value#"$_wcme_b64_start"}
    printf %s "${value%"$_wcme_b64_end"}" | _dbase64
    ;;
  *) printf %s "$value" ;;
  esac
)

_saveaccountconf() {
  _wcme_save "$1" "$2" "$3"
}

_saveaccountconf_mutable() {
  _wcme_save "SAVED_$1" "$2" "$3"
}

_readaccountconf() {
  _wcme_read "$1"
}

_readaccountconf_mutable() {
  _wcme_read "SAVED_$1"
}

_clearaccountconf() {
  _wcme_save "$1" ""
}

_clearaccountconf_mutable() {
  _wcme_save "SAVED_$1" ""
}

# Settings of a domain are told apart by the name that is proved.

_savedomainconf() {
  _wcme_save "DOMAIN_${_wcme_domain}_$1" "$2" "$3"
}

_readdomainconf() {
  _wcme_read "DOMAIN_${_wcme_domain}_$1"
}

_cleardomainconf() {
  _wcme_save "DOMAIN_${_wcme_domain}_$1" ""
}

_wcme_domain=$(printf %s "$1" | tr -c 'A-Za-z0-9' _)

# HTTP, by curl, whose options come from a pipe.

_inithttp() { :; }

_resethttp() {
  ACME_HTTP_NO_REDIRECTS=
}

# _wcme_option NAME VALUE prints an option as a file of curl's has it.
_wcme_option() {
  printf '%s = "%s"\n' "$1" "$(printf '%s\n' "$2" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' | _wcme_one_line)"
}

# _wcme_options URL prints those of every request.
_wcme_options() {
  _wcme_option url "$1"
  _wcme_option user-agent "$USER_AGENT"
  _wcme_option dump-header "$HTTP_HEADER"
  printf '%s\n' silent globoff 'proto = "=http,https"' 'max-filesize = 4194304'
  [ -n "$ACME_HTTP_NO_REDIRECTS" ] || printf '%s\n' location
  [ -z "$CA_BUNDLE" ] || _wcme_option cacert "$CA_BUNDLE"
  [ -z "$CA_PATH" ] || _wcme_option capath "$CA_PATH"
  [ -z "$HTTPS_INSECURE" ] || printf '%s\n' insecure
  for _wcme_header in "$_H1" "$_H2" "$_H3" "$_H4" "$_H5"; do
    [ -z "$_wcme_header" ] || _wcme_option header "$_wcme_header"
  done
}

_wcme_curl() {
  if ! _exists curl; then
    _err "curl is not installed, and a script of acme.sh's dnsapi needs it"
    return 127
  fi
  curl --disable --config - || {
    _wcme_status=$?
    _err "curl ended with status $_wcme_status (see EXIT CODES in curl(1))"
    return "$_wcme_status"
  }
}

# _post BODY URL [base64] [METHOD] [CONTENT-TYPE] prints the answer, which is in
# $response too.
_post() {
  response=$(
    {
      _wcme_options "$2"
      if [ "${4:-POST}" = HEAD ]; then
        printf '%s\n' head
      else
        _wcme_option request "${4:-POST}"
      fi
      [ -z "$5" ] || _wcme_option header "Content-Type: $5"
      [ -z "$1" ] || _wcme_option data-raw "$1"
    } | {
      _wcme_curl
      echo "$?" >"$_wcme_place/status"
    } | {
      if [ -n "$3" ]; then
        _base64
      else
        cat
      fi
    }
  )
  _wcme_status=$(cat "$_wcme_place/status")
  printf %s "$response"
  return "$_wcme_status"
}

# _get URL [onlyheader] [SECONDS]
_get() {
  {
    _wcme_options "$1"
    [ -z "$2" ] || printf '%s\n' head
    [ -z "$3" ] || _wcme_option connect-timeout "$3"
  } | _wcme_curl
}

case $_wcme_script in
/*) . "$_wcme_script" ;;
*) exit 1 ;;
esac
if ! _exists "$_wcme_function"; then
  _err "$_wcme_script has no function $_wcme_function"
  exit 127
fi
"$_wcme_function" "$@"
