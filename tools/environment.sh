# Finds a Python and makes a virtual environment in the checkout. Sourced by the scripts beside it; needs bash and Python only.
#
#   python=$(require_python)           the interpreter to use, or a message; `find_python 3.12` one of that version
#   environment "$python" EXTRAS       makes or refreshes .venv-VERSION and sets PYTHON to its interpreter
#   environment "$python" EXTRAS 0.11  the same with that jaxlib, in .venv-VERSION-jaxlib-0.11

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
versions=(3.13 3.12 3.11)
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }

# Whether an interpreter runs, is of one of the versions given and can make environments.
usable() {
    local python=$1
    shift
    "$python" - "$@" >/dev/null 2>&1 <<'PY'
import ensurepip, sys, venv
sys.exit("{}.{}".format(*sys.version_info[:2]) not in sys.argv[1:])
PY
}

# Interpreters of one version that this machine may have, one a line: on PATH, from pyenv, uv and the usual prefixes.
candidates() {
    local version=$1 home prefix python
    command -v "python$version" || true
    for home in "${HOME:-}" "$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)"; do
        [ -n "$home" ] && printf '%s\n' "$home"/.pyenv/versions/"$version"*/bin/python "$home"/.local/share/uv/python/cpython-"$version"*/bin/python
    done
    for prefix in "${PYENV_ROOT:-/nonexistent}/versions/$version"* /usr /usr/local /opt/homebrew "/opt/python$version" "/opt/python/$version"*; do
        printf '%s\n' "$prefix/bin/python$version"
    done
    command -v python3 || true
}

# The interpreter to use: $HLOC_PYTHON, else python3 where it is recent enough, else the newest found; `find_python 3.12` one of
# that version. Fails where there is none.
find_python() {
    local version python
    if [ -n "${HLOC_PYTHON:-}" ] && [ $# = 0 ]; then
        usable "$HLOC_PYTHON" "${versions[@]}" || { say "HLOC_PYTHON=$HLOC_PYTHON is no Python ${versions[*]} with venv"; return 1; }
        printf '%s\n' "$HLOC_PYTHON"
        return
    fi
    if [ $# = 0 ]; then
        set -- "${versions[@]}"
        python=$(command -v python3 || true)
        [ -n "$python" ] && usable "$python" "$@" && printf '%s\n' "$python" && return
    fi
    for version in "$@"; do
        while IFS= read -r python; do
            [ -x "$python" ] && usable "$python" "$version" && printf '%s\n' "$python" && return 0
        done < <(candidates "$version")
    done
    return 1
}

require_python() {
    find_python || {
        say "No Python 3.11, 3.12 or 3.13 with the modules venv and ensurepip was found (on Debian: apt-get install python3-venv)."
        say "Name one with HLOC_PYTHON=/path/to/python."
        return 1
    }
}

# Makes the environment of an interpreter with hloc (editable) and the extras given; does nothing where it is up to date.
environment() {
    local python=$1 extras=$2 jaxlib=${3:-} version folder stamp wanted
    version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info[:2]))')
    folder=$root/.venv-$version${jaxlib:+-jaxlib-$jaxlib}
    PYTHON=$folder/bin/python
    stamp=$folder/hloc-installed
    wanted="$root $extras $(cksum <"$root/pyproject.toml")"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && "$PYTHON" -c 'import hloc' 2>/dev/null; then
        return
    fi
    say "== making ${folder#"$root"/} with $python =="
    # An environment that was copied from elsewhere, or whose interpreter is gone, is made anew.
    if ! "$PYTHON" -c '' 2>/dev/null || ! grep -qsF "$root " "$stamp"; then
        "$python" -m venv --clear "$folder"
    fi
    "$PYTHON" -m pip install --quiet --editable "$root[$extras]" ${jaxlib:+"jaxlib==$jaxlib.*"}
    printf '%s\n' "$wanted" >"$stamp"
}
