#!/bin/sh
# Creates the ledger's database and its user, as the address in the file LEDGER_FILE says; safe to repeat.
# Where the server is and who we are stands in PGHOST, PGPORT, PGUSER and PGPASSWORD. Tidegate makes the tables itself.
set -eu

address=$(cat "$LEDGER_FILE")
rest=${address#postgres://}
user=${rest%%:*}
password=${rest#*:}
password=${password%%@*}
database=${address##*/}

# Names and the password reach SQL as psql's own quoted variables, never as text.
psql --quiet --no-psqlrc --dbname postgres --set ON_ERROR_STOP=1 --set user="$user" --set password="$password" --set database="$database" <<'SQL'
select format('create role %I login', :'user') where not exists (select from pg_roles where rolname = :'user') \gexec
select format('alter role %I password %L', :'user', :'password') \gexec
select format('create database %I owner %I', :'database', :'user') where not exists (select from pg_database where datname = :'database') \gexec
SQL
echo "The ledger's database $database and its user $user are in place."
