#!/bin/sh
# Prints the Python to make .venv with: 3.11 first (the version results are checked with), else a newer one, with working venv and pip modules.
# Installs what is missing through tools/apt.sh where it may. PYTHON=/path/to/python overrides the search.
set -eu
here=$(dirname "$0")

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_make_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

search() { # sets `usable` to the first Python that will do, and `incomplete` to the first that lacks only its venv module
    usable="" incomplete=""
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        new_enough "$name" || continue
        if can_make_venv "$name"; then usable=$name && return; fi
        incomplete=${incomplete:-$name}
    done
}

search
if [ -z "$usable" ] && [ -z "${PYTHON:-}" ]; then
    if [ -n "$incomplete" ]; then
        package=$("$incomplete" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    elif apt-cache show python3.11-venv >/dev/null 2>&1; then
        package=python3.11-venv
    else
        package=python3-venv
    fi
    "$here/apt.sh" "$package"
    search
fi
if [ -z "$usable" ]; then
    echo "Assay needs Python 3.11 or newer with its venv and ensurepip modules. Not usable here: ${PYTHON:-python3.11 … python3.14, python3}." >&2
    echo "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
fi
command -v "$usable"
