// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <curl/curl.h>

// Swift imports no variadic functions: one shim per argument type.
static inline CURLcode flotilla_curl_set_long(CURL *handle, CURLoption option, long value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode flotilla_curl_set_off(CURL *handle, CURLoption option, curl_off_t value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode flotilla_curl_set_string(CURL *handle, CURLoption option, const char *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode flotilla_curl_set_pointer(CURL *handle, CURLoption option, void *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode flotilla_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(handle, option, value); }
typedef size_t (*flotilla_curl_data_callback)(char *data, size_t size, size_t count, void *context);
static inline CURLcode flotilla_curl_set_data_callback(CURL *handle, CURLoption option, flotilla_curl_data_callback value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode flotilla_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}
static inline CURLcode flotilla_curl_get_long(CURL *handle, CURLINFO info, long *value) { return curl_easy_getinfo(handle, info, value); }
static inline CURLcode flotilla_curl_get_pointer(CURL *handle, CURLINFO info, char **value) { return curl_easy_getinfo(handle, info, value); }
static inline CURLMcode flotilla_curl_multi_set_long(CURLM *handle, CURLMoption option, long value) { return curl_multi_setopt(handle, option, value); }
/// The result of a CURLMSG_DONE message: `data` is a union, which Swift does not import.
static inline CURLcode flotilla_curl_message_result(const CURLMsg *message) { return message->data.result; }
typedef int (*flotilla_curl_seek_callback)(void *context, curl_off_t offset, int origin);
static inline CURLcode flotilla_curl_set_seek_callback(CURL *handle, CURLoption option, flotilla_curl_seek_callback value) { return curl_easy_setopt(handle, option, value); }
/// Sets up libcurl and its TLS library; thread-safe since libcurl 7.84.
static inline CURLcode flotilla_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
