#!/bin/sh
# Installs Debian or Ubuntu packages where this user may; otherwise prints the exact line to run and stops with exit code 1.
# Usage: tools/apt.sh PACKAGE…          All output goes to standard error.
set -eu

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing on this machine: $* (named as in Debian and Ubuntu). There is no apt-get here: install it in your system's own way, then run make again." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    echo "Missing on this machine: $*. Run this line, then make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --reinstall --no-install-recommends -o Dpkg::Options::='--path-include=/usr/share/doc/*' $*" >&2
    exit 1
fi

echo "installing with apt-get: $*" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# --reinstall and --path-include: container images leave out /usr/share/doc, and a package installed there may lack the file we need.
if ! { $as_root apt-get update -qq &&
       $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --reinstall --no-install-recommends \
           -o DPkg::Lock::Timeout=120 -o Dpkg::Options::='--path-include=/usr/share/doc/*' "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install: $*. The last lines above say why." >&2
    exit 1
fi
