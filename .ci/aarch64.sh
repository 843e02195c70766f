#!/usr/bin/env bash
# The wheel for 64-bit ARM (Graviton clusters), cross-compiled by zig, and a look at what came out.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
python=.venv/4.1/bin/python

rustup target add "$target"
.ci/setup.sh uv pip install --quiet --python .venv/4.1 ziglang==0.15.1
rm -rf dist/aarch64
# librdkafka's configure script knows CC and its kin alone, not those of a target; what is compiled for
# this machine then needs HOST_CC. Its version script names symbols that a static build lacks.
tools=$PWD/.cache/zig
mkdir -p "$tools"
for tool in cc c++ ar ranlib; do
  more=
  case $tool in cc|c++) more="-fno-sanitize=all -target aarch64-linux-gnu.2.28" ;; esac
  # Asked for its version, zig does not know a target with glibc's.
  cat >"$tools/$tool" <<TOOL
#!/bin/sh
if [ "\$1" = --version ]; then exec "$PWD/$python" -m ziglang $tool --version; fi
exec "$PWD/$python" -m ziglang $tool $more "\$@"
TOOL
  chmod +x "$tools/$tool"
done
export CC=$tools/cc CXX=$tools/c++ AR=$tools/ar RANLIB=$tools/ranlib
export HOST_CC=gcc HOST_CXX=g++ HOST_AR=ar LDFLAGS=-Wl,--undefined-version
# maturin looks for zig as a module of the Python on the PATH.
PATH="$PWD/.venv/4.1/bin:$PATH" maturin build --locked --release --quiet --zig --target "$target" \
  --compatibility manylinux_2_28 --out dist/aarch64 --interpreter "$python"
"$python" - dist/aarch64/*.whl <<'CHECK'
import sys
import zipfile

ARM_64 = 183  # ELF's e_machine
with zipfile.ZipFile(sys.argv[1]) as wheel:
    (module,) = (name for name in wheel.namelist() if name.endswith(".so"))
    head = wheel.read(module)[:20]
assert head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == ARM_64, head
print(f"1 passed, 0 failed\n{sys.argv[1]}: {module} is ELF for 64-bit ARM")
CHECK
