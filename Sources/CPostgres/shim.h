// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <libpq-fe.h>
// Wakes a thread that polls a connection's socket; not part of the Glibc module.
#include <sys/eventfd.h>
// For starting the embedded server; hidden behind _GNU_SOURCE in the system's headers.
#include <spawn.h>
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int pipe2(int ends[2], int flags);
