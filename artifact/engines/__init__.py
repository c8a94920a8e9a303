# SPDX-License-Identifier: GPL-2.0-only
"""Container engines of our own: docker, podman and containerd, private to whoever starts them.

enclosure.py   namespaces and a control group that engines live and end in
runtimes.py    the OCI runtimes that they are told of
docker.py, podman.py, containerd.py   one engine each
archive.py     our images as archives that all of them load; there is no registry
cli.py         `invoke engines`
"""
