// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>

// Hidden behind _GNU_SOURCE in the system's header.
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int sync_file_range(int descriptor, long offset, long count, unsigned int flags);

/// Begins to write a file's data out, without waiting for it.
static inline void flotilla_start_writeback(int descriptor) { sync_file_range(descriptor, 0, 0, 2 /* SYNC_FILE_RANGE_WRITE */); }

// What is freed can only be given back to the system when it all lies in one arena.
static inline void flotilla_use_one_arena(void) { mallopt(M_ARENA_MAX, 1); }
static inline void flotilla_return_free_memory(void) { malloc_trim(0); }
