# SPDX-License-Identifier: GPL-2.0-only
"""CPython with its standard library.

The public form has its extension modules as shared objects, as distributions have; the
private one has them all inside (CPython's Setup.stdlib with MODULE_BUILDTYPE=static). What
CPython's own tests need lies in the layer "tests" of the public form.
"""

from artifact.images.recipe import Form, Recipe, Source, Step, step

VERSION = "3.13"
LIB = f"usr/lib/python{VERSION}"
CONFIGURE = (
    "./configure",
    "--prefix=/usr",
    "--without-ensurepip",
    "--without-readline",
    "--disable-option-checking",
    "--with-openssl={dep_openssl}",
)
CONFIGURE_ENV: dict[str, str] = {
    "CC": "{cc}",
    "OPT": "-DNDEBUG -fwrapv -O2 -Wall",
    "CPPFLAGS": "{cppflags}",
    "LDFLAGS": "{link}",
    "ZLIB_CFLAGS": "-I{dep_zlib}/include",
    "ZLIB_LIBS": "-L{dep_zlib}/lib -lz",
    "LIBFFI_CFLAGS": "-I{dep_libffi}/include",
    "LIBFFI_LIBS": "-L{dep_libffi}/lib -lffi",
    "LIBSQLITE3_CFLAGS": "-I{dep_sqlite}/include",
    "LIBSQLITE3_LIBS": "-L{dep_sqlite}/lib -lsqlite3 -lm",
}
# The compiler would find the libraries of these on the host, which are of another libc.
ABSENT = (
    "_bz2", "_curses", "_curses_panel", "_dbm", "_gdbm", "_lzma", "_tkinter", "_uuid", "readline",
)  # fmt: skip
CONFIGURE_ENV |= {f"py_cv_module_{name}": "n/a" for name in ABSENT}
STATIC = {
    "MODULE_BUILDTYPE": "static",
    # There is no dlopen(3) in a static program: nothing to export symbols for, and no ctypes,
    # whose import opens the program itself.
    "LINKFORSHARED": " ",
    "py_cv_module__ctypes": "n/a",
}
MODULES = (
    "ssl, _ssl, json, _json, csv, sqlite3, socket, select, threading, subprocess, zlib, hashlib,"
    " _hashlib, mmap, _decimal, _datetime, fcntl, resource, _posixsubprocess, _struct, pyexpat"
)


def _compileall(*words: str) -> Step:
    """Byte code that is used without asking whether its source has changed: nothing ever does."""
    return step(
        "{stage}/usr/bin/python3", "-m", "compileall", "-q", "-j{jobs}",
        "--invalidation-mode", "unchecked-hash", "-s", "{stage}", "-p", "/", *words,
        PYTHONHOME="{stage}/usr",
    )  # fmt: skip


RECIPE = Recipe(
    name="python",
    purpose=f"CPython {VERSION} with its standard library",
    argv=("/usr/bin/python3",),
    source=Source(f"python{VERSION}"),
    dependencies=("zlib", "openssl", "libffi", "sqlite"),
    steps=(
        # gcc names the host's libc, which this is not for.
        step("sed", "-i", "s/--print-multiarch/--no-such-option/", "configure"),
        step(*CONFIGURE, only=Form.PUBLIC, **CONFIGURE_ENV),
        step(*CONFIGURE, "--disable-test-modules", only=Form.PRIVATE, **CONFIGURE_ENV, **STATIC),
        step("cp", "Modules/Setup.stdlib", "Modules/Setup.local", only=Form.PRIVATE),
        step("make", "-j{jobs}"),
        step("./python", "-E", "-c", f"import {MODULES}"),
        step("./python", "-E", "-c", "import ctypes", only=Form.PUBLIC),
        # --help: the installation compiles nothing, it would take the usual kind of byte code.
        step("make", "DESTDIR={stage}", "COMPILEALL_OPTS=--help", "install"),
        step("sh", "-c", "find {stage} -name __pycache__ -prune -exec rm -r {{}} +"),
        step("sh", "-c", "find {stage}/usr/lib -name '*.so' -exec strip {{}} +"),
        step("strip", f"{{stage}}/usr/bin/python{VERSION}"),
        _compileall("-x", "/test/", f"{{stage}}/{LIB}"),
    ),
    drop=(
        "usr/include",
        "usr/share",
        "usr/lib/pkgconfig",
        "usr/lib/*.a",
        "usr/bin/*-config",
        "usr/bin/idle*",
        "usr/bin/pydoc*",
        f"{LIB}/config-*",
        *(f"{LIB}/{name}" for name in ("ensurepip", "idlelib", "pydoc_data", "tkinter")),
        f"{LIB}/turtle*",
    ),
    layers=(
        (
            "tests",
            (
                f"{LIB}/test",
                *(f"{LIB}/lib-dynload/{name}*" for name in ("_test", "_ctypes_test", "xx", "_xx")),
            ),
        ),
    ),
)
