#!/bin/sh
# wCME: challenges as plain files, served by busybox httpd, on hosts without a web
# server. In wcme.toml:
#
#   [challenge]
#   webroot = ["/srv/challenges/.well-known/acme-challenge"]
#
# The directory is one of its own, because busybox serves every file in it.
set -eu
home=${WCME_CHALLENGES:-/srv/challenges}
mkdir -p "$home/.well-known/acme-challenge"
exec busybox httpd -f -h "$home" -p "${WCME_PORT:-80}" ${WCME_USER:+-u "$WCME_USER"}
