#include "host.h"

#include <stdarg.h>
#include <time.h>

void *host_start(const char *config) {
    void *plugin = plugin_create();
    CHECK(plugin != NULL);
    void *handle = plugin_init(plugin, (const uint8_t *)config, config == NULL ? 0 : strlen(config), NULL);
    if (handle == NULL) fprintf(stderr, "plugin_init: %s\n", rtc_last_error());
    CHECK(handle != NULL);
    return handle;
}

void host_stop(void *handle) {
    CHECK(plugin_shutdown(handle));
    CHECK_INT(plugin_get_state(handle), RTC_STATE_INVALID);
}

answer host_call(void *handle, const char *tag, const char *request) {
    FfiBuffer buffer = plugin_call(handle, tag, (const uint8_t *)request, request == NULL ? 0 : strlen(request));
    CHECK(buffer.data != NULL && buffer.capacity >= 1 && buffer.capacity >= buffer.len);
    answer a = {buffer.error_code, buffer.len, malloc(buffer.len + 1)};
    memcpy(a.text, buffer.data, buffer.len);
    a.text[buffer.len] = 0;
    plugin_free_buffer(&buffer);
    CHECK(buffer.data == NULL && buffer.capacity == 0);
    plugin_free_buffer(&buffer); /* harmless */
    return a;
}

void answer_free(answer *a) {
    free(a->text);
    a->text = NULL;
}

bool answer_has(const answer *a, const char *text) {
    if (strstr(a->text, text) != NULL) return true;
    fprintf(stderr, "no %s in: %s\n", text, a->text);
    return false;
}

static answer call_formatted(void *handle, const char *tag, const char *format, va_list arguments) {
    char request[512];
    vsnprintf(request, sizeof request, format, arguments);
    answer a = host_call(handle, tag, request);
    if (a.code != RTC_SUCCESS) fprintf(stderr, "%s %s: %u %s\n", tag, request, a.code, a.text);
    CHECK_INT(a.code, RTC_SUCCESS);
    return a;
}

void host_do(void *handle, const char *tag, const char *request, ...) {
    va_list arguments;
    va_start(arguments, request);
    answer a = call_formatted(handle, tag, request, arguments);
    va_end(arguments);
    answer_free(&a);
}

uint64_t number_in(const char *text, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(text, key);
    if (found == NULL) fprintf(stderr, "no %s in: %s\n", key, text);
    CHECK(found != NULL);
    return strtoull(found + strlen(key), NULL, 10);
}

uint64_t host_number(void *handle, const char *name, const char *tag, const char *request, ...) {
    va_list arguments;
    va_start(arguments, request);
    answer a = call_formatted(handle, tag, request, arguments);
    va_end(arguments);
    uint64_t number = number_in(a.text, name);
    answer_free(&a);
    return number;
}

double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

const rtc_record *record_next(void *handle, records *r, int32_t timeout_ms, bool *ended) {
    *ended = false;
    if (r->at >= r->size) {
        r->at = 0;
        int32_t result = rtc_poll(handle, r->bytes, sizeof r->bytes, timeout_ms, &r->size);
        *ended = result == RTC_ENDED;
        CHECK(result == RTC_OK || result == RTC_ENDED);
        if (r->size == 0) return NULL;
    }
    const rtc_record *record = (const rtc_record *)(r->bytes + r->at);
    r->at += sizeof *record + (((size_t)record->size + 7) & ~(size_t)7);
    CHECK(r->at <= r->size);
    return record;
}

const rtc_record *record_wait(void *handle, records *r, uint8_t kind, uint64_t id) {
    double until = seconds() + 10;
    while (seconds() < until) {
        bool ended;
        const rtc_record *record = record_next(handle, r, 1000, &ended);
        CHECK(!ended);
        if (record != NULL && record->kind == kind && (id == 0 || record->id == id)) return record;
    }
    fprintf(stderr, "no record of kind %u, id %llu\n", kind, (unsigned long long)id);
    abort();
}

static uint64_t varint(const uint8_t **at) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
}

uint64_t event_seq(const rtc_record *record) {
    const uint8_t *at = (const uint8_t *)(record + 1);
    const uint8_t *end = at + record->size;
    while (at < end) {
        uint64_t tag = varint(&at);
        if ((tag & 7) == 2) {
            uint64_t size = varint(&at);
            at += size;
            continue;
        }
        CHECK_INT(tag & 7, 0);
        uint64_t value = varint(&at);
        if (tag >> 3 == 101) return value;
    }
    CHECK(!"event without seq");
    return 0;
}

uint32_t fnv1a(uint32_t hash, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}
