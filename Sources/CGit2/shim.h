// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <git2.h>
#include <git2/sys/repository.h>

static inline int flotilla_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}
