# shellcheck shell=bash
dev_demo() { die "not yet"; }
