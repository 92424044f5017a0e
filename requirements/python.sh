#!/bin/sh
# Prints a Python that can make the environment: the one that was asked for, else the first that fits. Says what to do when there is none.
set -eu
remedy="Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.12. Or name one: make PYTHON=/path/to/python"
seen=""

for python in ${1:-python3 python3.13 python3.12 python3.11}; do
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case $version in
        3.11 | 3.12 | 3.13) ;;
        *) seen="$seen $python is $version."; continue ;;
    esac
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "$python"
        exit 0
    fi
    seen="$seen $python has no venv (Debian, Ubuntu: apt-get install python$version-venv)."
done
echo "Python 3.11, 3.12 or 3.13 with venv is needed.$seen $remedy" >&2
exit 4
