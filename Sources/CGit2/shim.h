// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/stream.h>
#include <git2/sys/transport.h>

// libssh2's header would bring the declarations of <sys/stat.h> into this module, and whoever imports it would no longer find the C
// library's own. It needs them for functions about files only, which are not used here.
#ifndef _SYS_STAT_H
#define _SYS_STAT_H 1
#define FLOTILLA_WITHOUT_STAT
#define stat flotilla_no_stat
#endif
#include <libssh2.h>
#ifdef FLOTILLA_WITHOUT_STAT
#undef stat
#undef _SYS_STAT_H
#undef FLOTILLA_WITHOUT_STAT
#endif

// `git_libgit2_opts` is variadic, which Swift does not import.

static inline int flotilla_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int flotilla_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

static inline int flotilla_git_set_certificate_file(const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, path, (const char *)NULL);
}

static inline int flotilla_git_set_fsync(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

static inline int flotilla_git_set_cache_bytes(ssize_t bytes) {
    return git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, bytes);
}

static inline int flotilla_git_set_open_pack_limit(size_t count) {
    return git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, count);
}

// Settings of Git's that concern no object: a repository that has one is read like any other.
static inline int flotilla_git_allow_extensions(void) {
    const char *extensions[] = {"worktreeconfig"};
    return git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, (size_t)1);
}

static inline int flotilla_git_set_user_agent(const char *text) {
    return git_libgit2_opts(GIT_OPT_SET_USER_AGENT, text);
}

// A socket of ours under libgit2's HTTP and TLS: `parent` comes first, as git2/sys/stream.h asks.
typedef struct {
    git_stream parent;
    int descriptor;
    char *host;
    char *port;
} flotilla_git_socket;

// A transport of ours under libgit2's protocol: `parent` comes first, as git2/sys/transport.h asks; `owner` is Swift's.
typedef struct {
    git_smart_subtransport parent;
    void *owner;
} flotilla_git_subtransport;

typedef struct {
    git_smart_subtransport_stream parent;
    void *owner;
} flotilla_git_subtransport_stream;

// libssh2 takes all of its callbacks as `void *`, which Swift does not make out of a function.

typedef ssize_t (*flotilla_ssh_receive)(libssh2_socket_t, void *, size_t, int, void **);
typedef ssize_t (*flotilla_ssh_send)(libssh2_socket_t, const void *, size_t, int, void **);

static inline void flotilla_ssh_set_io(LIBSSH2_SESSION *session, flotilla_ssh_receive receive, flotilla_ssh_send send) {
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
}

// The list belongs to libssh2's allocator.
static inline void flotilla_ssh_free(LIBSSH2_SESSION *session, const char **list) {
    libssh2_free(session, (void *)list);
}
