# SPDX-License-Identifier: GPL-2.0-only
"""Compiles the cffi extension (API mode) against the installed library, once per content.

The key of the cache is made of everything that goes into the extension: the declarations,
the library's place and header, this file and the Python it is for; a rebuilt kernel with the
same header needs no new one. Two processes that compile at the same time do not disturb each
other: each builds aside and renames into place.
"""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import re
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType

from cffi import FFI  # type: ignore[import-untyped]  # cffi has no stubs

from artifact import paths, proc
from artifact.lkl.errors import KernelError

NAME = "_uk_lkl"
CDEF = Path(__file__).parent / "cdef"
DECLARATIONS = ("lkl.h", "abi.h")  # in this order
HEADERS = ("<lkl.h>", "<sys/syscall.h>", "<sys/stat.h>", "<poll.h>", "<time.h>")
_SYSCALL = re.compile(r"^#define SYS_(\w+) ", re.MULTILINE)


def _declarations() -> str:
    return "\n".join((CDEF / name).read_text() for name in DECLARATIONS)


def content_key(prefix: Path) -> str:
    """What tells one compiled binding from another."""
    digest = hashlib.sha256()
    for part in (sys.version, str(sysconfig.get_config_var("EXT_SUFFIX")), str(prefix)):
        digest.update(part.encode() + b"\0")
    for file in (Path(__file__), prefix / "include" / "lkl.h", *sorted(CDEF.iterdir())):
        digest.update(file.read_bytes() + b"\0")
    return digest.hexdigest()[:20]


def _compiler() -> str:
    return proc.need("gcc", "gcc")


def _syscall_names() -> list[str]:
    """The names in this machine's <sys/syscall.h>, from the compiler itself."""
    source = "#include <sys/syscall.h>\n"
    done = proc.run([_compiler(), "-E", "-dM", "-x", "c", "-"], input=source)
    return sorted(set(_SYSCALL.findall(done.stdout)))


def _source() -> str:
    includes = "".join(f"#include {name}\n" for name in HEADERS)
    rows = "".join(f'\t{{ "{name}", SYS_{name} }},\n' for name in _syscall_names())
    return (
        f"{includes}\nstruct uk_call {{ const char *name; long number; }};\n"
        f"static const struct uk_call uk_calls[] = {{\n{rows}}};\n"
        "static const unsigned long uk_call_count = sizeof(uk_calls) / sizeof(*uk_calls);\n"
    )


def _compile(prefix: Path, into: Path) -> Path:
    builder = FFI()
    builder.cdef(_declarations())
    builder.set_source(
        NAME,
        _source(),
        include_dirs=[str(prefix / "include")],
        library_dirs=[str(prefix / "lib")],
        libraries=["lkl"],
        extra_link_args=[f"-Wl,-rpath,{prefix / 'lib'}"],
    )
    output = io.StringIO()
    log = into / "compile.log"
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            built = builder.compile(tmpdir=str(into))
    # any of setuptools' and cffi's errors: all mean that there is no extension
    except Exception as error:
        log.write_text(f"{output.getvalue()}\n{error}\n")
        raise KernelError(
            f"the Python binding of the library kernel does not compile: {error}",
            f"run: invoke build; full log: {_keep(log)}",
        ) from error
    return Path(built)


def _keep(log: Path) -> Path:
    kept = paths.CACHE / "lkl-binding" / "failed.log"
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(log, kept)
    return kept


def _installed(prefix: Path) -> Path:
    """The compiled extension; made now if this content has not been compiled before."""
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    directory = paths.CACHE / "lkl-binding" / content_key(prefix)
    extension = directory / f"{NAME}{suffix}"
    if extension.is_file():
        return extension
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix="build-") as aside:
        built = _compile(prefix, Path(aside))
        directory.mkdir(exist_ok=True)
        os.replace(built, extension)
    return extension


def load() -> ModuleType:
    """The compiled binding, with attributes `ffi` and `lib`.

    Unavailable when the library is not built, KernelError when it cannot be loaded.
    """
    extension = _installed(paths.lkl_prefix())
    loader = importlib.machinery.ExtensionFileLoader(NAME, str(extension))
    spec = importlib.util.spec_from_file_location(NAME, extension, loader=loader)
    if spec is None:
        raise KernelError(f"{extension} is not an extension module", "run: invoke build")
    try:
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        raise KernelError(
            f"the library kernel does not load: {error}", "run: invoke build"
        ) from error
    return module
