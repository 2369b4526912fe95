#!/usr/bin/env bash
# What README.md says under "Embedding" is what examples/ holds, which is built and run by a test.

set -euo pipefail
root=$(readlink -f "$(dirname "$0")/../..")

# block LANGUAGE   The first block in that language below the heading.
block() {
    sed -n '/^## Embedding$/,/^## /p' "$root/README.md" |
        sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" | sed '/^```/d'
}

diff <(block cpp) <(grep -v '^//' "$root/examples/plan_capture.cpp")
diff <(block cmake) <(grep -E '^find_package|\(plan_capture ' "$root/examples/CMakeLists.txt")
echo "ok: README.md shows examples/plan_capture.cpp"
