#!/bin/sh
# A hook for dehydrated that has the lab's name server ($NAMES) show records. As such hooks
# do, it leaves out in silence what it does not know.
set -eu

echo "$1 for $2" >>"$CALLS"
case $1 in
deploy_challenge)
	if [ -e "$CALLS.hang" ]; then
		rm "$CALLS.hang"
		echo "hangs $$" >>"$CALLS"
		sleep 1000
	fi
	curl -fsS -d "{\"host\": \"_acme-challenge.$2.\", \"value\": \"$4\"}" "$NAMES/set-txt"
	;;
clean_challenge)
	curl -fsS -d "{\"host\": \"_acme-challenge.$2.\"}" "$NAMES/clear-txt"
	;;
esac
echo "the token is $API_TOKEN"
