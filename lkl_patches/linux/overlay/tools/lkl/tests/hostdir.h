/* SPDX-License-Identifier: GPL-2.0-only */
/* A temporary directory of the host, mounted at at("h"). */
#ifndef TESTS_HOSTDIR_H
#define TESTS_HOSTDIR_H

#include "test.h"

#define HOSTDIR_TIMEOUT_MS 200

extern int hostdir_fd; /* the host's descriptor of it */

/* Set-up of a group: the directory, the kernel, the mount. */
int hostdir_setup(void);

/* A path in it on the host; one of a few buffers, used in turn. */
const char *host(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Mounts what the descriptor is of, with more options: 0 or -errno. */
long hostdir_mount(const char *where, int fd, const char *more);

/* Writes or reads a file through the host, as a string: 0 or -1. */
int host_write(const char *path, const char *text);
int host_read(const char *path, char *buf, size_t size);

#endif
