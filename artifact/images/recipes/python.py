# SPDX-License-Identifier: GPL-2.0-only
"""CPython with its standard library.

The public form has its extension modules as shared objects, as distributions have; the
private one has them all inside (CPython's Setup.stdlib with MODULE_BUILDTYPE=static). What
CPython's own tests need lies in the layer "tests" of the public form.

The private form's objects are a library of their own, compiled against ordinary musl as all
libraries are: another libc port costs a link of seconds, not minutes of compiling.

The standard library stays a directory: as one ZIP file it was tried, and starts slower
(the cold-start program 35 ms instead of 27 at best, on the development machine).
"""

from artifact.images.recipe import Library, Recipe, Source, Step, step

VERSION = "3.13"
LIB = f"usr/lib/python{VERSION}"
SOURCE = Source(f"python{VERSION}")
CONFIGURE = (
    "./configure",
    "--prefix=/usr",
    "--without-ensurepip",
    "--without-readline",
    "--disable-option-checking",
    "--with-openssl={dep_openssl}",
)
# The compiler would find the libraries of these on the host, which are of another libc.
ABSENT = (
    "_bz2", "_curses", "_curses_panel", "_dbm", "_gdbm", "_lzma", "_tkinter", "_uuid", "readline",
)  # fmt: skip
ENV: dict[str, str] = {
    "CC": "{cc}",
    "OPT": "-DNDEBUG -fwrapv -O2 -Wall",
    "CPPFLAGS": "{cppflags}",
    "ZLIB_CFLAGS": "-I{dep_zlib}/include",
    "ZLIB_LIBS": "-L{dep_zlib}/lib -lz",
    "LIBSQLITE3_CFLAGS": "-I{dep_sqlite}/include",
    "LIBSQLITE3_LIBS": "-L{dep_sqlite}/lib -lsqlite3 -lm",
    **{f"py_cv_module_{name}": "n/a" for name in ABSENT},
}
SHARED = {
    "LIBFFI_CFLAGS": "-I{dep_libffi}/include",
    "LIBFFI_LIBS": "-L{dep_libffi}/lib -lffi",
}
STATIC = {
    "LDFLAGS": "-static",
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
# gcc names the host's libc, which this is not for.
FOR_MUSL = step("sed", "-i", "s/--print-multiarch/--no-such-option/", "configure")
DROP = (
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
)


def _install(root: str) -> tuple[Step, ...]:
    """Install below `root`, with byte code that is used without a look at its source."""
    return (
        # --help: the installation compiles nothing, it would make the usual kind of byte code.
        step("make", f"DESTDIR={root}", "COMPILEALL_OPTS=--help", "install"),
        step("sh", "-c", f"find {root} -name __pycache__ -prune -exec rm -r {{{{}}}} +"),
        step("sh", "-c", f"find {root}/usr/lib -name '*.so' -exec strip {{{{}}}} +"),
        step("strip", f"{root}/usr/bin/python{VERSION}"),
        step(
            f"{root}/usr/bin/python3", "-m", "compileall", "-q", "-j{jobs}",
            "--invalidation-mode", "unchecked-hash", "-s", root, "-p", "/", "-x", "/test/",
            f"{root}/{LIB}",
            env={"PYTHONHOME": f"{root}/usr"},
        ),
    )  # fmt: skip


# root/ is an installation; lib/ what its program is linked from.
OBJECTS = Library(
    name="python-objects",
    source=SOURCE,
    dependencies=("zlib", "openssl", "sqlite"),
    steps=(
        FOR_MUSL,
        step(*CONFIGURE, "--disable-test-modules", env={**ENV, **STATIC}),
        step("cp", "Modules/Setup.stdlib", "Modules/Setup.local"),
        step("make", "-j{jobs}"),
        step("./python", "-E", "-c", f"import {MODULES}"),
        *_install("{stage}/root"),
        step("mkdir", "{stage}/lib"),
        step("cp", "Programs/python.o", f"libpython{VERSION}.a", "{stage}/lib"),
        step("sh", "-c", "find Modules -name '*.a' -exec cp {{}} {stage}/lib ';'"),
    ),
)

PRIVATE = Recipe(
    name="python",
    purpose=f"CPython {VERSION} with its standard library inside",
    argv=("/usr/bin/python3",),
    source=SOURCE,
    unpacked=False,
    dependencies=("python-objects",),
    steps=(
        step("cp", "-aT", "{dep_python_objects}/root", "{stage}"),
        step(
            "sh", "-c",
            f"{{cc}} -static -o {{stage}}/usr/bin/python{VERSION} {{dep_python_objects}}/lib/*.o"
            " -Wl,--start-group {dep_python_objects}/lib/*.a -Wl,--end-group"
            " {ldflags} -lssl -lcrypto -lsqlite3 -lz -lm",
        ),
        step("strip", f"{{stage}}/usr/bin/python{VERSION}"),
    ),
    drop=DROP,
)  # fmt: skip

RECIPE = Recipe(
    name="python",
    purpose=f"CPython {VERSION} with its standard library",
    argv=("/usr/bin/python3",),
    source=SOURCE,
    dependencies=("zlib", "openssl", "libffi", "sqlite"),
    steps=(
        FOR_MUSL,
        step(*CONFIGURE, env={**ENV, **SHARED}),
        step("make", "-j{jobs}"),
        step("./python", "-E", "-c", f"import ctypes, {MODULES}"),
        *_install("{stage}"),
    ),
    drop=DROP,
    layers=(
        (
            "tests",
            (
                f"{LIB}/test",
                *(f"{LIB}/lib-dynload/{name}*" for name in ("_test", "_ctypes_test", "xx", "_xx")),
            ),
        ),
    ),
    private=PRIVATE,
)
