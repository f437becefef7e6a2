#!/bin/sh
# Run a Python that is new enough, or say in one sentence how to get one.
# The pins are tried on 3.11 to 3.13, so those go first; a newer one is better than none.
fits() {
  command -v "$1" >/dev/null 2>&1 &&
    "$1" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] $2)" >/dev/null 2>&1
}

for bound in "<= (3, 13)" ""; do
  for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
    if fits "$python" "$bound"; then
      exec "$python" "$@"
    fi
  done
done

cat >&2 <<'SENTENCE'
✗ 没有找到 Python 3.11 或更新的版本。 (Python 3.11 or newer was not found.)
  请运行 / Run:  sudo apt-get install -y python3 python3-venv
  已经装在别处 / If it is elsewhere:  PYTHON=/path/to/python3.11 make run
SENTENCE
exit 1
