#!/bin/sh
# A CGI program that answers a pending http-01 challenge: what an administrator
# writes in a minute.
printf 'Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n'
cat "$WCME_ROOT/www/${PATH_INFO##*/}"
