#!/bin/sh
# keep.sh NAME PROGRAM…: runs a program, and starts it again when it ends by itself.
#
# Who stops it signals the whole process group, so the program hears it too; this waits for its end.
name=$1
shift
is_stopping=
trap 'is_stopping=1' TERM INT

while :; do
    "$@" &
    child=$!
    wait "$child"
    code=$?
    if [ -n "$is_stopping" ]; then
        wait # the signal cut the first one short
        exit 0
    fi
    echo "$name ended with code $code; it is started again." >&2
    sleep 2
    [ -z "$is_stopping" ] || exit 0
done
