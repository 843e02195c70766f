#!/usr/bin/env bash
# Puts in place what the Makefile's targets need, as far as this machine lacks it.
#   .ci/setup.sh machine        Rust, a C compiler and Java (Debian as root: installed)
#   .ci/setup.sh venv LANE      .venv/LANE from .ci/lanes/LANE.txt
#   .ci/setup.sh jars LANE      .jars/LANE
#   .ci/setup.sh browser        chromium, for the tests of the report (Debian as root: installed)
#   .ci/setup.sh components     MariaDB, Kafka, LocalStack, kinesalite (Debian as root: installed)
#   .ci/setup.sh bench          the same, and kcat, which make bench compares with
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

# ---- real components --------------------------------------------------------------------------
# What is pinned comes from .ci/components into .jars and .venv; a copy of each pin beside what came of
# it says later that there is nothing to do.
need_components() {
  need_java
  need_program mariadbd mariadb-server
  need_program openssl openssl
  need_program mvn maven
  need_program node nodejs
  need_program npm npm
  local home
  home=$(java_home)
  if [ -n "$home" ]; then export JAVA_HOME=$home; fi
  maven_jars .ci/components/kafka .jars/kafka
  compile .ci/components/kafka/MskIamValidator.java .jars/kafka
  maven_jars .ci/components/iam .jars/iam
  maven_jars .ci/components/dynamodb .jars/dynamodb
  compile .ci/components/dynamodb/Loopback.java .jars/dynamodb
  node_packages
  localstack_venv
  localstack_libraries
}
# Suites that run beside each other may both ask for it.
alone() {
  mkdir -p .cache
  exec 8>.cache/setup.lock
  flock 8
  "$@"
}
need_program() { # program, Debian package
  if PATH=$PATH:/usr/sbin:/usr/local/sbin runs command -v "$1"; then return; fi
  if ! can_apt; then die "no $1 here; on Debian: apt-get install $2"; fi
  apt_install_only "$2"
}
# Debian starts a server as it installs it, unless this file says that it may not.
apt_install_only() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  apt_install "$@"
)
maven_jars() { # folder of the pom, folder for the jars
  if cmp -s "$1/pom.xml" "$2/pom.xml"; then return; fi
  say "setup: $2"
  rm -rf "$2"
  mvn -q -B -f "$1/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$PWD/$2" >&2
  cp "$1/pom.xml" "$2/"
}
compile() { # Java source, folder of its jars; into classes below that
  local classes=$2/classes
  if cmp -s "$1" "$classes/$(basename "$1")"; then return; fi
  say "setup: $classes"
  rm -rf "$classes"
  mkdir -p "$classes"
  java_tool jdk.compiler/com.sun.tools.javac.Main -Xlint:-options -source 17 -target 17 \
    -cp "$(printf '%s:' "$2"/*.jar)" -d "$classes" "$1"
  cp "$1" "$classes/"
}
# A JRE of Debian has the compiler, without its command; others are made without it.
java_tool() { "${JAVA_HOME:+$JAVA_HOME/bin/}java" -m "$@" >&2 || die "$1 failed; a JDK may be needed"; }
node_packages() {
  local to=.venv/node
  if cmp -s .ci/components/node/package-lock.json $to/package-lock.json; then return; fi
  say "setup: $to"
  rm -rf $to
  mkdir -p $to.new
  cp .ci/components/node/package*.json $to.new/
  npm ci --prefix $to.new --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  mv $to.new $to
}
localstack_venv() {
  local wanted=.ci/components/localstack.txt to=.venv/localstack python versions
  if cmp -s $wanted $to/localstack.txt; then return; fi
  read -ra versions <<<"$(sed -n 's/^# python //p' $wanted)"
  python=$(find_python "${versions[@]}") || die "LocalStack needs one of Python ${versions[*]}"
  say "setup: $to ($("$python" --version))"
  uv venv --quiet --clear --python "$python" $to
  uv pip install --quiet --python $to --no-cache -r $wanted
  cp $wanted $to/
}
# Where LocalStack looks for its helpers, in its own order of folders, before it would download them.
localstack_libraries() {
  local to=.jars/localstack from=.jars/dynamodb java dynamodb version
  java=$(readlink -f "$(command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java")")
  java=${java%/bin/java}
  if [ "$(readlink $to/java/21)" = "$java" ] && [ $to/.done -nt $from/classes ]; then return; fi
  say "setup: $to"
  rm -rf $to
  dynamodb=$to/dynamodb-local/2
  mkdir -p $to/java $dynamodb $to/kinesis-local
  for version in 11 21; do ln -s "$java" $to/java/$version; done
  version=$(sed -n 's/.*"kinesis-local": "\(.*\)".*/\1/p' .ci/components/node/package.json)
  ln -sr .venv/node "$to/kinesis-local/$version"
  ln -sr $from $dynamodb/DynamoDBLocal_lib
  native_names $from
  # The jar that LocalStack starts, and the agent that it adds: both are our class beside the jars.
  java_tool jdk.jartool/sun.tools.jar.Main --create --file $dynamodb/DynamoDBLocal.jar \
    --manifest <(manifest $from) -C $from/classes Loopback.class
  java_tool jdk.jartool/sun.tools.jar.Main --create --file $dynamodb/ddb-local-loader-0.1.jar \
    --manifest <(echo 'Premain-Class: Loopback') -C $from/classes Loopback.class
  touch $to/.done
}
# SQLite's library is looked for without a version.
native_names() {
  local file
  for file in "$1"/libsqlite4java-*-*.so; do
    if [[ $file =~ ^(.*/libsqlite4java-.*)-[0-9.]+\.so$ ]]; then ln -sfr "$file" "${BASH_REMATCH[1]}.so"; fi
  done
}
# A line of it may hold 72 bytes; one that begins with a blank goes on.
manifest() {
  local jar
  printf 'Main-Class: Loopback\nClass-Path: .\n'
  for jar in "$1"/*.jar; do printf '  DynamoDBLocal_lib/%s\n' "$(basename "$jar")"; done
}

case "${1:-}" in
  machine) need_compilers; need_java ;;
  browser) need_browser ;;
  components) alone need_components ;;
  bench) alone need_components; need_program kcat kcat ;;
  venv) make_venv "$2" ;;
  jars) make_jars "$2" ;;
  java-home) java_home ;;
  uv) shift; uv "$@" ;;
  *) die "usage: .ci/setup.sh machine|browser|components|bench|venv LANE|jars LANE|java-home|uv …" ;;
esac
