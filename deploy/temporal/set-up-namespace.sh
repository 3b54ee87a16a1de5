#!/bin/sh
# Creates the namespace and the search attributes that Tidegate uses; safe to repeat.
set -eu

until temporal operator cluster health >/dev/null 2>&1; do
  echo "Waiting for Temporal at $TEMPORAL_ADDRESS ..."
  sleep 1
done

if ! temporal operator namespace describe --namespace "$NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$NAMESPACE" --retention 30d
fi

# A new namespace is refused until every part of the server has heard of it.
until known=$(temporal operator search-attribute list --namespace "$NAMESPACE" 2>/dev/null); do
  sleep 1
done

for name in $SEARCH_ATTRIBUTES; do
  case "$known" in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$NAMESPACE" --name "$name" --type Keyword ;;
  esac
done
echo "Namespace $NAMESPACE and its search attributes are in place."
