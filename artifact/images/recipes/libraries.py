# SPDX-License-Identifier: GPL-2.0-only
"""Libraries that the programs link: static, position independent, only what is needed."""

from artifact.images.recipe import Library, Source, step

CFLAGS = "-O2 -fPIC"
# Updated in bookworm at longer intervals; mirrors have these whole.
STABLE = ("bookworm", "trixie")
SQLITE_SOURCE = Source("sqlite3")
_OPENSSL = "no-tests no-shared no-module no-dso no-engine no-legacy no-afalgeng"
_SQLITE = (
    "-DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS"
    " -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_OMIT_LOAD_EXTENSION"
    " -DHAVE_USLEEP=1"
)

_ZLIB = Library(
    "zlib",
    Source("zlib", STABLE),
    (
        step("./configure", "--static", "--prefix={stage}", env={"CC": "{cc}", "CFLAGS": CFLAGS}),
        step("make", "-j{jobs}", "libz.a"),
        step("make", "install"),
    ),
)

_OPENSSL_LIBRARY = Library(
    "openssl",
    Source("openssl", STABLE),
    (
        step(
            "./Configure", "linux-x86_64", "--prefix={stage}", "--libdir=lib",
            "--openssldir=/etc/ssl", *_OPENSSL.split(), "-fPIC", env={"CC": "{cc}"},
        ),
        step("make", "-j{jobs}", "build_libs"),
        step("make", "install_dev"),
    ),
)  # fmt: skip

_LIBFFI = Library(
    "libffi",
    Source("libffi"),
    (
        # Asks for a macro of libltdl-dev; ELF on Linux has no underscores anyway.
        step("sed", "-i", "/LT_SYS_SYMBOL_USCORE/d", "configure.ac"),
        step("autoreconf", "--force", "--install"),
        step(
            "./configure", "--prefix={stage}", "--libdir={stage}/lib", "--disable-shared",
            "--disable-docs", "--disable-multi-os-directory", "--with-pic",
            "--disable-exec-static-tramp", env={"CC": "{cc}", "CFLAGS": CFLAGS},
        ),
        step("make", "-j{jobs}"),
        step("make", "install"),
    ),
)  # fmt: skip

_PCRE2 = Library(
    "pcre2",
    Source("pcre2", STABLE),
    (
        step(
            "./configure", "--prefix={stage}", "--disable-shared", "--with-pic",
            env={"CC": "{cc}", "CFLAGS": CFLAGS},
        ),
        step("make", "-j{jobs}", "libpcre2-8.la"),
        step("mkdir", "-p", "{stage}/lib", "{stage}/include"),
        step("cp", ".libs/libpcre2-8.a", "{stage}/lib"),
        step("cp", "src/pcre2.h", "{stage}/include"),
    ),
)  # fmt: skip

# Also what its shell and its speed test are made from: they want the same library.
_SQLITE_LIBRARY = Library(
    "sqlite",
    SQLITE_SOURCE,
    (
        step("./configure", "--disable-tcl", "--disable-shared", env={"CC": "{cc}"}),
        step("make", "sqlite3.c", "shell.c"),
        step("mkdir", "-p", "{stage}/lib", "{stage}/include", "{stage}/src"),
        step("sh", "-c", f"{{cc}} {CFLAGS} {_SQLITE} -c sqlite3.c -o sqlite3.o"),
        step("ar", "rcs", "{stage}/lib/libsqlite3.a", "sqlite3.o"),
        step("cp", "sqlite3.h", "src/sqlite3ext.h", "{stage}/include"),
        step("cp", "shell.c", "test/speedtest1.c", "{stage}/src"),
    ),
)

LIBRARIES = {
    library.name: library for library in (_ZLIB, _OPENSSL_LIBRARY, _LIBFFI, _PCRE2, _SQLITE_LIBRARY)
}
