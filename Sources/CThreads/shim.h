// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <pthread.h>
#include <semaphore.h>

// Hidden behind _GNU_SOURCE in the system's header.
extern int pthread_setname_np(pthread_t thread, const char *name);
