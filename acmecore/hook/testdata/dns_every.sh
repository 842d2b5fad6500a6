#!/usr/bin/env sh
# A script of the kind of acme.sh's dnsapi that uses each helper once, and says where one
# does not do what is expected. The files beside it are named in its environment.

every_same() {
  [ "$2" = "$3" ] || _err "WRONG $1: got <$2>, want <$3>"
}

every_is() {
  every_what=$1
  shift
  "$@" || _err "WRONG $every_what"
}

every_is_not() {
  every_what=$1
  shift
  ! "$@" || _err "WRONG $every_what"
}

every_texts() {
  every_is contains _contains "a-b.c" "-b"
  every_is_not contains _contains abc d
  every_is startswith _startswith -abc -a
  every_is_not startswith _startswith abc b
  every_is endswith _endswith abc c
  every_is_not endswith _endswith abc b
  every_is hasfield _hasfield a,b b
  every_is hasfield _hasfield "a b" b " "
  every_is_not hasfield _hasfield ab,c b
  every_same getfield "$(_getfield a,b,,d 2)" b
  every_same getfield "$(_getfield a,b,,d 3)" b
  every_same getfield "$(_getfield 'a.b' 2 .)" b
  every_same egrep_o "$(echo '"id":"12","id":"13"' | _egrep_o '"id":"[0-9]+"' | _head_n 1)" '"id":"12"'
  every_same tail_n "$(printf '1\n2\n3\n' | _tail_n 1)" 3
  every_same lower_case "$(echo ABCxyz | _lower_case)" abcxyz
  every_same upper_case "$(echo ABCxyz | _upper_case)" ABCXYZ
  every_same math "$(_math 3 \* 4 + 1)" 13
  every_same math "$(_math "( 12 - 3 )" / 2 % 3)" 1
  every_foreign=$_wcme_place/foreign
  every_is_not math _math "a[\$(echo x >$every_foreign)]" + 1
  [ ! -e "$every_foreign" ] || _err "WRONG math: it runs what it is given"
  every_same normalizeJson "$(printf '{\n  "a" : "b",\n  "c" : [1]\r\n}' | _normalizeJson)" '{"a":"b","c":[1]}'
  every_same json_encode "$(printf 'a"b\nc' | _json_encode)" 'a\"b\nc'
  every_same json_decode "$(printf 'a\\/b' | _json_decode)" 'a/b'
  every_same idn "$(_idn www.example.org)" www.example.org
  every_file=$(_mktemp)
  echo abc >"$every_file"
  _sed_i s/b/x/ "$every_file"
  every_same sed_i "$(cat "$every_file")" axc
}

every_bytes() {
  every_same hex_dump "$(printf 'ab\n\377' | _hex_dump)" ' 61 62 0a ff'
  every_same ascii_hex "$(_ascii_hex az)" ' 61 7a'
  every_same h2b "$(printf 616263 | _h2b)" abc
  every_same h2b "$(printf '00 FF 25' | _h2b | _hex_dump)" ' 00 ff 25'
  every_same h_char_2_dec "$(_h_char_2_dec F)$(_h_char_2_dec 9)" 159
  every_same url_encode "$(printf 'a b/\303\251~-._%%' | _url_encode)" 'a%20b%2f%c3%a9~-._%25'
  every_same url_encode "$(printf 'a b/' | _url_encode upper-hex)" 'a%20b%2F'
  every_same url_replace "$(printf 'a/b+c==' | _url_replace)" 'a_b-c'
  every_same base64 "$(printf hello | _base64)" aGVsbG8=
  every_same base64 "$(printf '%060d' 0 | _base64 multiline | wc -l | tr -d ' ')" 2
  every_same dbase64 "$(printf aGVsbG8= | _dbase64)" hello
  # FIPS 180-4's example, RFC 1321 appendix A.5, RFC 4231 section 4.3, RFC 2202 section 3.
  every_same digest "$(printf abc | _digest sha256 hex)" ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
  every_same digest "$(printf abc | _digest md5)" kAFQmDzST7DWlj99KOF/cg==
  every_is_not digest _digest md4 </dev/null
  every_data='what do ya want for nothing?'
  every_same hmac "$(printf %s "$every_data" | _hmac sha256 4a656665 hex)" 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
  every_same hmac "$(printf %s "$every_data" | _hmac sha1 4a656665 | _base64)" 7/zfauXrL6LSdBbV8YTfnCWafHk=
  every_same hmac "$(printf 'Test Using Larger Than Block-Size Key - Hash Key First' | _hmac sha1 "$(printf %080d 0 | sed s/0/aa/g)" hex)" aa4ae5e15272d00e95705637ce8a3b55ed402112
  every_same hmac "$(printf %s "$every_data" | _hmac sha512 4a656665 hex | cut -c 1-16)" 164b7a7bfcf819e2
}

every_system() {
  every_is exists _exists sh
  every_is_not exists _exists no-such-program
  every_is time test "$(_time)" -gt 1000000000
  every_is utc_date _contains "$(_utc_date)" '^[0-9]*-[0-9]*-[0-9]* [0-9]*:[0-9]*:[0-9]*$'
  _sleep 0
  every_is_not err _err "an error"
  every_same debug "$(_debug a "$EVERY_SECRET"; _debug2 a; _debug3 a; _secure_debug a "$EVERY_SECRET"; _secure_debug2 a; _secure_debug3 a; _log a)" ""
  every_same green "$(__green a)$(__red b)" ab
  _info "the secret is" "$EVERY_SECRET"
}

every_settings() {
  every_same read "$(_readaccountconf_mutable Every_Key)" "$EVERY_KEPT"
  _saveaccountconf_mutable Every_Key "va'l\"ue \$(x) \\n"
  every_same read_mutable "$(_readaccountconf_mutable Every_Key)" "va'l\"ue \$(x) \\n"
  _saveaccountconf Every_Plain "a b=c&d"
  every_same read "$(_readaccountconf Every_Plain)" "a b=c&d"
  _saveaccountconf Every_Base "$(printf 'two\nlines')" base64
  every_same read_base64 "$(_readaccountconf Every_Base)" "$(printf 'two\nlines')"
  _savedomainconf Every_Zone z1
  every_same readdomain "$(_readdomainconf Every_Zone)" z1
  _cleardomainconf Every_Zone
  every_same readdomain "$(_readdomainconf Every_Zone)" ""
  _clearaccountconf Every_Plain
  every_same cleared "$(_readaccountconf Every_Plain)" ""
  _clearaccountconf_mutable Every_Other
  every_is_not save _saveaccountconf 'a b' x
}

every_http() {
  export _H1="Authorization: Bearer $EVERY_SECRET"
  export _H2='X-Quoted: q"\q'
  every_same post "$(_post '{"a":"b\n"}' "$EVERY_URL/x?y=1" "" PUT application/json)" 'PUT /x?y=1 application/json {"a":"b\n"}'
  _post "a=b&c=@d" "$EVERY_URL/form" >/dev/null
  every_same response "$response" 'POST /form application/x-www-form-urlencoded a=b&c=@d'
  every_same get "$(_get "$EVERY_URL/g")" 'GET /g  '
  every_same header "$(grep -c '^X-Answer: yes' "$HTTP_HEADER")" 1
  every_is onlyheader _contains "$(_get "$EVERY_URL/g" onlyheader 5)" '^X-Answer: yes'
  every_same redirect "$(_get "$EVERY_URL/redirect")" 'GET /g  '
  every_same base64 "$(_post "" "$EVERY_URL/e" base64 DELETE | _dbase64)" 'DELETE /e  '
  every_is_not "no server" _get "http://127.0.0.1:$EVERY_CLOSED/"
  every_is_not "no server" _post a "http://127.0.0.1:$EVERY_CLOSED/"
  every_is_not "no file" _get "file:///etc/passwd"
  ACME_HTTP_NO_REDIRECTS=1
  every_same "no redirect" "$(_get "$EVERY_URL/redirect")" 'moved'
  _resethttp
}

dns_every_add() {
  every_texts
  every_bytes
  every_system
  every_settings
  every_http
  _info "added at $1: $2, with $# words"
}

dns_every_rm() {
  _info "removed at $1: $2"
}
