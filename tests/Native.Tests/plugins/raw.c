// raw.c — binary messages: the hello-plugin's bench.small, a variable-size echo, and wrong answers.
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BENCH_SMALL = 1, ECHO = 100, SHORT = 101, NOTHING = 103, VERSION = 1 };

typedef struct {
    uint8_t version, reserved[3];
    char key[64];
    uint32_t key_len, flags;
} small_request;

typedef struct {
    uint8_t version, reserved[3];
    char value[64];
    uint32_t value_len, ttl_seconds;
    uint8_t cache_hit, padding[3];
} small_response;

static RbResponse bytes(uint32_t code, const void *data, size_t len) {
    uint8_t *copy = malloc(len);
    memcpy(copy, data, len);
    count_allocation(1);
    return (RbResponse){code, (uint32_t)len, (uint32_t)len, copy};
}

static RbResponse failure(uint32_t code, const char *message) { return bytes(code, message, strlen(message) + 1); }

static RbResponse bench_small(const uint8_t *request, size_t len) {
    if (len < sizeof(small_request)) {
        return failure(HANDLER_ERROR, "Request too small");
    }
    small_request r;
    memcpy(&r, request, sizeof r);
    if (r.version != VERSION) {
        return failure(HANDLER_ERROR, "Unsupported request version");
    }
    static const char prefix[] = "value_for_";
    enum { PREFIX = sizeof prefix - 1 };
    small_response answer = {.version = VERSION, .ttl_seconds = 3600, .cache_hit = r.flags & 1};
    uint32_t key = r.key_len < sizeof answer.value - PREFIX ? r.key_len : sizeof answer.value - PREFIX;
    memcpy(answer.value, prefix, PREFIX);
    memcpy(answer.value + PREFIX, r.key, key);
    answer.value_len = PREFIX + key;
    return bytes(SUCCESS, &answer, sizeof answer);
}

EXPORT RbResponse plugin_call_raw(void *handle, uint32_t id, const uint8_t *request, size_t len) {
    instance *in = find_instance(handle);
    if (!in) {
        return failure(INVALID_STATE, "Invalid handle");
    }
    if (atomic_load(&in->state) != ACTIVE) {
        return failure(INVALID_STATE, "Plugin not in Active state");
    }
    if (!acquire(in)) {
        return failure(TOO_MANY_REQUESTS, "too many concurrent requests (limit exceeded)");
    }
    RbResponse answer;
    char message[64];
    switch (id) {
    case BENCH_SMALL: answer = bench_small(request, len); break;
    case ECHO: answer = bytes(SUCCESS, request, len); break;
    case SHORT: answer = bytes(SUCCESS, "short", 5); break;
    case NOTHING: answer = (RbResponse){SUCCESS, 0, 0, (uint8_t *)1}; break;
    default:
        snprintf(message, sizeof message, "Unknown message ID: %u", id);
        answer = failure(UNKNOWN_MESSAGE_TYPE, message);
    }
    release(in);
    return answer;
}

#ifndef HALF_BINARY
EXPORT void rb_response_free(RbResponse *response) {
    if (response && response->data && response->capacity) {
        free(response->data);
        count_allocation(-1);
        *response = (RbResponse){0};
    }
}
#endif
