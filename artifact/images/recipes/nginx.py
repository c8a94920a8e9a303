# SPDX-License-Identifier: GPL-2.0-only
"""nginx, serving one small file from one process."""

from pathlib import Path

from artifact.images.recipe import Form, Recipe, Source, step
from artifact.images.recipes.libraries import STABLE

HERE = Path(__file__).parent
PAGE = "usr/share/nginx/index.html"
OPTIONS = (
    "--prefix=/usr/share/nginx --sbin-path=/usr/bin/nginx --conf-path=/etc/nginx/nginx.conf"
    " --pid-path=/tmp/nginx.pid --lock-path=/tmp/nginx.lock --error-log-path=stderr"
    " --http-log-path=/dev/null --http-client-body-temp-path=/tmp/body"
    " --http-proxy-temp-path=/tmp/proxy --http-fastcgi-temp-path=/tmp/fastcgi"
    " --http-uwsgi-temp-path=/tmp/uwsgi --http-scgi-temp-path=/tmp/scgi"
    " --with-http_stub_status_module --with-threads"
)

RECIPE = Recipe(
    name="nginx",
    purpose="nginx with one small file to serve",
    argv=("/usr/bin/nginx",),
    source=Source("nginx", STABLE),
    dependencies=("zlib", "pcre2"),
    config=(
        ("etc/nginx/nginx.conf", HERE / "nginx.conf"),
        (PAGE, HERE / "nginx-index.html"),
    ),
    steps=(
        # musl declares crypt(3) in unistd.h; Debian's package of it has no crypt.h.
        step("sed", "-i", "/<crypt.h>/d", "src/os/unix/ngx_linux_config.h", only=Form.PUBLIC),
        step(
            "sh", "-c",
            "./configure --with-cc={cc} --with-cc-opt='-O2 {cppflags}'"
            f" --with-ld-opt='{{link}} {{ldflags}}' {OPTIONS}",
        ),
        step("make", "-j{jobs}"),
        step("cp", "objs/nginx", "{stage}/usr/bin/nginx"),
        step("cp", "conf/mime.types", "{stage}/etc/mime.types"),
        step("strip", "{stage}/usr/bin/nginx"),
    ),
)  # fmt: skip
