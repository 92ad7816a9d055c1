#!/bin/sh
# Debian packages into an image, without what no program in a slot needs, and without any set-uid bit.
set -eu
mkdir -p /usr/share/man/man1 /etc/dpkg/dpkg.cfg.d
for path in doc man locale info lintian; do echo "path-exclude=/usr/share/$path/*"; done > /etc/dpkg/dpkg.cfg.d/lean
if [ "$#" -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q install -y --no-install-recommends "$@"
  apt-get clean
  rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/debconf/*
fi
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
