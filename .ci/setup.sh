#!/usr/bin/env bash
# Puts in place what the Makefile's targets need, as far as this machine lacks it.
#   .ci/setup.sh machine        Rust, a C compiler and Java (Debian as root: installed)
#   .ci/setup.sh venv LANE      .venv/LANE from .ci/lanes/LANE.txt
#   .ci/setup.sh jars LANE      .jars/LANE
#   .ci/setup.sh browser        chromium, for the tests of the report (Debian as root: installed)
#   .ci/setup.sh java-home      prints the JAVA_HOME to use, nothing if java on the PATH will do
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 2; }
runs() { "$@" >/dev/null 2>&1; }

# ---- Debian packages ------------------------------------------------------------------------
can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt_install() {
  say "setup: apt-get install $*"
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# ---- Java -----------------------------------------------------------------------------------
java_major() { "$1" -version 2>&1 | sed -n 's/.*version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' | head -1; }
java_fits() { case "$(java_major "$1" 2>/dev/null || true)" in 17|21) true ;; *) false ;; esac; }
java_on_path() { java_fits "${JAVA_HOME:+$JAVA_HOME/bin/}java"; }
java_elsewhere() {
  local home
  for home in /usr/lib/jvm/* /opt/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -x "$home/bin/java" ] && java_fits "$home/bin/java"; then printf '%s\n' "$home"; return; fi
  done
  return 1
}
java_home() { if ! java_on_path; then java_elsewhere || true; fi; }
need_java() {
  if java_on_path || runs java_elsewhere; then return; fi
  local package=openjdk-17-jre-headless
  if ! can_apt; then die "no Java 17 or 21 here; on Debian: apt-get install $package"; fi
  apt-get -qq update
  # Debian 13 and later carry 21 instead of 17.
  if ! apt-cache show "$package" >/dev/null 2>&1; then package=openjdk-21-jre-headless; fi
  apt_install "$package"
}

# ---- browser --------------------------------------------------------------------------------
need_browser() {
  if runs command -v chromium || runs command -v chromium-browser || runs command -v google-chrome; then return; fi
  if ! can_apt; then die "no chromium here; on Debian: apt-get install chromium"; fi
  apt_install chromium
}

# ---- compilers ------------------------------------------------------------------------------
need_compilers() {
  if ! runs cargo --version; then
    die "no Rust here; curl --proto '=https' -sSf https://sh.rustup.rs | sh"
  fi
  if ! runs cc --version; then
    if ! can_apt; then die "no C compiler here; on Debian: apt-get install gcc libc6-dev"; fi
    apt_install gcc libc6-dev
  fi
}

# ---- Python ---------------------------------------------------------------------------------
# Interpreters in the order a lane wants them; shims that name one without having it do not run.
find_python() {
  local version candidate
  for version in "$@"; do
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python "python$version" python3; do
      if python_is "$candidate" "$version"; then command -v "$candidate"; return; fi
    done
  done
  return 1
}
python_is() {
  [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)" = "$2" ]
}
uv() {
  if runs command uv --version; then command uv "$@"; return; fi
  if [ ! -x .venv/uv/bin/uv ]; then bootstrap_uv; fi
  .venv/uv/bin/uv "$@"
}
bootstrap_uv() {
  say "setup: uv into .venv/uv"
  # Debian keeps venv in a package of its own.
  if ! runs python3 -m venv .venv/uv; then
    if ! can_apt; then die "python3 -m venv does not work here; on Debian: apt-get install python3-venv"; fi
    apt_install python3-venv
    python3 -m venv --clear .venv/uv
  fi
  .venv/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
}
make_venv() {
  local lane=$1 python versions
  local wanted=.ci/lanes/$lane.txt
  [ -f "$wanted" ] || die "no lane $lane; there are $(cd .ci/lanes && echo [0-9]*.txt)"
  read -ra versions <<<"$(sed -n 's/^# python //p' "$wanted")"
  python=$(find_python "${versions[@]}") || die "lane $lane needs one of Python ${versions[*]}"
  say "setup: .venv/$lane ($("$python" --version))"
  mkdir -p .venv
  uv venv --quiet --clear --python "$python" ".venv/$lane"
  # Without the cache: PySpark comes as source, and uv would keep 1.4 GB of it at every build.
  uv pip install --quiet --python ".venv/$lane" --no-cache --no-deps "$(grep '^pyspark==' "$wanted")"
  uv pip install --quiet --python ".venv/$lane" -r "$wanted" -r .ci/lanes/test.txt
}

# ---- jars -----------------------------------------------------------------------------------
make_jars() {
  local lane=$1 home
  home=$(java_home)
  if [ -n "$home" ]; then export JAVA_HOME=$home; fi
  say "setup: .jars/$lane"
  rm -rf ".jars/$lane"
  ".venv/$lane/bin/python" python/pinlake/_jars.py "$lane" ".jars/$lane"
}

case "${1:-}" in
  machine) need_compilers; need_java ;;
  browser) need_browser ;;
  venv) make_venv "$2" ;;
  jars) make_jars "$2" ;;
  java-home) java_home ;;
  uv) shift; uv "$@" ;;
  *) die "usage: .ci/setup.sh machine|browser|venv LANE|jars LANE|java-home|uv …" ;;
esac
