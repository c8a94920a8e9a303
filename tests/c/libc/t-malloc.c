// SPDX-License-Identifier: GPL-2.0-only
/* t-malloc: what malloc gives back and takes again: the same memory, all zero for calloc. */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define KIB 1024

/* Sizes that are a mapping of their own at first, and one that always is. */
static const size_t sizes[] = { 3 * KIB,  7 * KIB,  13 * KIB,
				15 * KIB, 31 * KIB, 60 * KIB,
				64 * KIB, 90 * KIB, 500 * KIB };

#define SIZES (sizeof(sizes) / sizeof(*sizes))

static bool all(const unsigned char *p, size_t size, unsigned char value)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != value)
			return false;
	return true;
}

static void cleared(void)
{
	for (size_t k = 0; k < SIZES; k++) {
		bool zero = true;

		for (int i = 0; i < 300; i++) {
			unsigned char *dirty = malloc(sizes[k]), *clean;

			memset(dirty, 0xa5, malloc_usable_size(dirty));
			free(dirty);
			clean = calloc(1, sizes[k]);
			zero = zero && all(clean, sizes[k], 0);
			free(clean);
		}
		tap_ok(zero, "calloc of %zu octets is zero after free",
		       sizes[k]);
	}
}

/* Many of all sizes at once, freed in another order: none shares memory with another. */
static bool separate(unsigned int seed)
{
	enum { N = 200 };
	unsigned char *p[N] = { NULL };
	size_t size[N];
	bool good = true;

	for (int round = 0; round < 3000 && good; round++) {
		int i = rand_r(&seed) % N;

		if (p[i]) {
			good = all(p[i], size[i], i);
			free(p[i]);
			p[i] = NULL;
			continue;
		}
		size[i] = sizes[rand_r(&seed) % (SIZES - 1)];
		p[i] = malloc(size[i]);
		memset(p[i], i, size[i]);
	}
	for (int i = 0; i < N; i++) {
		good = good && (!p[i] || all(p[i], size[i], i));
		free(p[i]);
	}
	return good;
}

static void *thread(void *arg)
{
	return (void *)(intptr_t)separate((intptr_t)arg);
}

static void in_threads(void)
{
	pthread_t threads[4];
	void *good;

	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, thread, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &good);
		OK(good);
	}
}

int main(void)
{
	cleared();
	OK(separate(1));
	in_threads();
	return tap_done();
}
