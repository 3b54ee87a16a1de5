#!/bin/sh
# Makes the secrets that the roles share, once, in the folder that is named: files that only their owner may read.
#   sh deploy/tidegate/make-secrets.sh secrets
# What follows the folder is how to run Tidegate; by default the image. LEDGER_AT: where the roles reach PostgreSQL.
set -eu
umask 077

folder=${1:?Name the folder for the secrets, such as: sh deploy/tidegate/make-secrets.sh secrets}
shift
[ $# -gt 0 ] || set -- docker run --rm tidegate:0.1.0
mkdir -p "$folder"

random() { # bytes, as base64
  head -c "$1" /dev/urandom | base64 | tr -d '\n'
}

if [ ! -s "$folder/ledger" ]; then
  password=$(random 24 | tr '+/' '-_')
  echo "postgres://tidegate_ledger:$password@${LEDGER_AT:-postgresql:5432}/tidegate" >"$folder/ledger"
fi
[ -s "$folder/encryption-key" ] || echo "first:$(random 32)" >"$folder/encryption-key"
if [ ! -s "$folder/signing-key" ]; then
  keys=$("$@" auth signing-key)
  echo "$keys" | grep -o 'tgv_[0-9a-f]\{64\}' >"$folder/verify-keys"
  echo "$keys" | grep -o 'tgs_[0-9a-f]\{64\}' >"$folder/signing-key"
fi
echo "The secrets are in $folder."
