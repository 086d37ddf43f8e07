/* instance.c — plugin objects and their lifecycle. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* Until the configuration has been read. */
static const border_limits default_limits = {
    .max_concurrent_ops = 1000,
    .event_buffer_bytes = 4 << 20,
    .call_timeout_ms = 60000,
    .shutdown_timeout_ms = 5000,
};

static void plugin_destroy(border_object *object) {
    free(object);
}

static void instance_destroy(border_object *object) {
    border_instance *instance = (border_instance *)object;
    records_destroy(&instance->records);
    free(instance);
}

static border_instance *acquire(void *handle) {
    border_instance *instance = object_acquire((uint64_t)(uintptr_t)handle, KIND_INSTANCE);
    if (instance == NULL || atomic_load(&instance->state) != RTC_STATE_STOPPED) return instance;
    /* Only rtc_poll knows an instance that has stopped. */
    object_release(&instance->object);
    return NULL;
}

/* ---- Creation ---------------------------------------------------------------------------------------------------- */

void *plugin_create(void) {
    if (process_is_forked()) {
        last_error_set("librtc does not work in a forked process; load it after fork");
        return NULL;
    }
    border_object *plugin = malloc(sizeof *plugin);
    if (plugin != NULL && object_register(plugin, KIND_PLUGIN, plugin_destroy)) return (void *)(uintptr_t)plugin->handle;
    free(plugin);
    last_error_set("out of memory or handles");
    return NULL;
}

void *plugin_create_with_config(const uint8_t *config_json, size_t config_len) {
    if (config_json == NULL || config_len == 0) return plugin_create();
    if (process_is_forked()) return plugin_create();
    if (config_len > MAX_REQUEST_BYTES) {
        last_error_set("configuration error: larger than 64 MiB");
        return NULL;
    }
    char *text;
    uint32_t code = request_run_internal(NULL, BORDER_NODE_CHECK, config_json, config_len,
                                         deadline_after(INIT_TIMEOUT_MS), &text);
    if (code != RTC_SUCCESS) last_error_set("%s", text != NULL ? text : "the library did not answer");
    free(text);
    return code == RTC_SUCCESS ? plugin_create() : NULL;
}

static border_instance *instance_new(plugin_log_callback log) {
    border_instance *instance = aligned_alloc(CACHE_LINE, sizeof *instance);
    if (instance == NULL) return NULL;
    memset(instance, 0, sizeof *instance);
    instance->log = log;
    instance->limits = default_limits;
    atomic_init(&instance->log_level, RTC_LOG_INFO);
    atomic_init(&instance->state, RTC_STATE_STARTING);
    pthread_mutex_init(&instance->records.mutex, NULL);
    if (object_register(&instance->object, KIND_INSTANCE, instance_destroy)) return instance;
    records_destroy(&instance->records);
    free(instance);
    return NULL;
}

/* Leaves nothing of an instance behind; no callback runs once this has returned, unless one hangs. */
static bool instance_end(border_instance *instance, uint64_t deadline) {
    bool quiet = dispatcher_close(instance, deadline);
    streams_end(instance);
    bool empty = records_end(instance);
    atomic_store(&instance->state, RTC_STATE_STOPPED);
    if (empty) object_close(&instance->object);
    return quiet;
}

static void *start(plugin_log_callback log, const uint8_t *config_json, size_t config_len) {
    border_instance *instance = instance_new(log);
    if (instance == NULL) {
        last_error_set("initialization failed: out of memory or handles");
        return NULL;
    }
    uint64_t handle = instance->object.handle;
    object_retain(&instance->object);
    char *text;
    uint32_t code = request_run_internal(instance, BORDER_NODE_INIT, config_json, config_len,
                                         deadline_after(INIT_TIMEOUT_MS), &text);
    if (code == RTC_SUCCESS) {
        atomic_store(&instance->state, RTC_STATE_ACTIVE);
    } else {
        last_error_set("%s", text != NULL ? text : "initialization failed: the library did not answer");
        instance_end(instance, deadline_after(default_limits.shutdown_timeout_ms));
        object_close(&instance->object);
    }
    free(text);
    object_release(&instance->object);
    return code == RTC_SUCCESS ? (void *)(uintptr_t)handle : NULL;
}

void *plugin_init(void *plugin, const uint8_t *config_json, size_t config_len, plugin_log_callback log_callback) {
    border_object *object = object_acquire((uint64_t)(uintptr_t)plugin, KIND_PLUGIN);
    bool mine = object != NULL && object_close(object);
    if (object != NULL) object_release(object);
    if (!mine) {
        last_error_set("initialization failed: unknown plugin object, or one that was already initialized");
        return NULL;
    }
    if (config_json == NULL) config_len = 0;
    if (config_len > MAX_REQUEST_BYTES) {
        last_error_set("configuration error: larger than 64 MiB");
        return NULL;
    }
    if (log_callback != NULL && !dispatcher_start()) {
        last_error_set("initialization failed: the thread for callbacks could not be started");
        return NULL;
    }
    return start(log_callback, config_json, config_len);
}

bool border_configure(uint64_t handle, const border_limits *limits, uint32_t log_level) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return false;
    instance->limits = *limits;
    atomic_store(&instance->log_level, log_level);
    bool ready = ring_init(&instance->records.events, limits->event_buffer_bytes);
    object_release(&instance->object);
    return ready;
}

void border_fail(uint64_t handle) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return;
    uint32_t active = RTC_STATE_ACTIVE;
    atomic_compare_exchange_strong(&instance->state, &active, RTC_STATE_FAILED);
    object_release(&instance->object);
}

/* ---- Shutdown ---------------------------------------------------------------------------------------------------- */

/* True for the one caller that may shut the instance down. */
static bool begin_stopping(border_instance *instance) {
    uint32_t state = atomic_load(&instance->state);
    do {
        if (state != RTC_STATE_ACTIVE && state != RTC_STATE_FAILED) return false;
    } while (!atomic_compare_exchange_weak(&instance->state, &state, RTC_STATE_STOPPING));
    return true;
}

bool plugin_shutdown(void *handle) {
    border_instance *instance = acquire(handle);
    if (instance == NULL) return false;
    bool stopped = false;
    if (begin_stopping(instance)) {
        uint32_t timeout = instance->limits.shutdown_timeout_ms;
        uint64_t deadline = deadline_after(timeout);
        /* Go gets most of the time, the callbacks of its last answers the rest. */
        char milliseconds[16];
        int length = snprintf(milliseconds, sizeof milliseconds, "%u", timeout - timeout / 10);
        char *text;
        uint32_t code = request_run_internal(instance, BORDER_NODE_SHUTDOWN, (const uint8_t *)milliseconds,
                                             (size_t)length, deadline, &text);
        if (code != RTC_SUCCESS) last_error_set("%s", text != NULL ? text : "shutdown failed: not in time");
        free(text);
        stopped = instance_end(instance, deadline) && code == RTC_SUCCESS;
    }
    object_release(&instance->object);
    return stopped;
}

/* ---- The limit of concurrent requests ---------------------------------------------------------------------------- */

bool instance_admit(border_instance *instance) {
    uint64_t limit = instance->limits.max_concurrent_ops;
    uint64_t before = atomic_fetch_add_explicit(&instance->permits, 1, memory_order_relaxed);
    if (limit == 0 || before < limit) return true;
    atomic_fetch_sub_explicit(&instance->permits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&instance->rejected, 1, memory_order_relaxed);
    return false;
}

void instance_release_permit(border_instance *instance) {
    atomic_fetch_sub_explicit(&instance->permits, 1, memory_order_relaxed);
}

uint64_t plugin_get_rejected_count(void *handle) {
    border_instance *instance = acquire(handle);
    if (instance == NULL) return 0;
    uint64_t count = atomic_load(&instance->rejected);
    object_release(&instance->object);
    return count;
}

/* ---- State and figures ------------------------------------------------------------------------------------------- */

uint8_t plugin_get_state(void *handle) {
    border_instance *instance = acquire(handle);
    if (instance == NULL) return RTC_STATE_INVALID;
    uint8_t state = (uint8_t)atomic_load(&instance->state);
    object_release(&instance->object);
    return state;
}

void plugin_set_log_level(void *handle, uint8_t level) {
    border_instance *instance = acquire(handle);
    if (instance == NULL) return;
    atomic_store(&instance->log_level, level < RTC_LOG_OFF ? level : RTC_LOG_OFF);
    object_release(&instance->object);
}

uint32_t border_log_level(uint64_t handle) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return RTC_LOG_OFF;
    uint32_t level = instance->log == NULL ? (uint32_t)RTC_LOG_OFF : atomic_load(&instance->log_level);
    object_release(&instance->object);
    return level;
}

void border_count(uint64_t handle, border_counts *counts) {
    memset(counts, 0, sizeof *counts);
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return;
    counts->requests = atomic_load(&instance->permits);
    pthread_mutex_lock(&instance->records.mutex);
    counts->events_dropped = instance->records.events_dropped;
    counts->event_bytes_queued = instance->records.events.used;
    counts->sources = instance->sources;
    counts->sinks = instance->sinks;
    pthread_mutex_unlock(&instance->records.mutex);
    object_release(&instance->object);
}

uint64_t border_next_id(void) {
    return next_id();
}

/* ---- Binary messages --------------------------------------------------------------------------------------------- */

static RbResponse response_of(uint32_t code, const void *data, size_t size) {
    RbResponse response = {.error_code = code};
    response.data = response_alloc(size);
    if (response.data == NULL) {
        response.error_code = RTC_INTERNAL;
        return response;
    }
    memcpy(response.data, data, size);
    response.len = response.capacity = (uint32_t)size;
    return response;
}

static RbResponse response_error(uint32_t code, const char *text) {
    return response_of(code, text, strlen(text) + 1);
}

static RbResponse raw_source_write(border_instance *instance, const uint8_t *request, size_t size) {
    enum { HEAD = 16 };
    if (request == NULL || size < HEAD) return response_error(RTC_HANDLER_ERROR, "handler error: request is shorter than 16 bytes");
    if (request[0] != 1) return response_error(RTC_HANDLER_ERROR, "handler error: unknown version of the request");
    uint64_t source;
    memcpy(&source, request + 8, sizeof source);
    int64_t accepted = source_write(instance, source, request + HEAD, size - HEAD);
    switch (accepted) {
    case RTC_ENDED: return response_error(RTC_HANDLER_ERROR, "handler error: the source takes no more");
    case RTC_BUSY: return response_error(RTC_HANDLER_ERROR, "handler error: another thread writes to the source");
    case RTC_BAD_HANDLE: return response_error(RTC_HANDLER_ERROR, "handler error: no such source");
    default: break;
    }
    struct { uint8_t version, reserved[3]; uint32_t accepted; } answer = {.version = 1, .accepted = (uint32_t)accepted};
    return response_of(RTC_SUCCESS, &answer, sizeof answer);
}

RbResponse plugin_call_raw(void *handle, uint32_t message_id, const uint8_t *request, size_t request_len) {
    border_instance *instance = acquire(handle);
    if (instance == NULL) return response_error(RTC_INVALID_STATE, "Invalid handle");
    RbResponse response;
    char text[64];
    if (atomic_load(&instance->state) != RTC_STATE_ACTIVE) {
        response = response_error(RTC_INVALID_STATE, "Plugin not in Active state");
    } else if (message_id != 1) {
        snprintf(text, sizeof text, "Unknown message ID: %u", message_id);
        response = response_error(RTC_UNKNOWN_MESSAGE_TYPE, text);
    } else if (request_len > MAX_REQUEST_BYTES) {
        response = response_error(RTC_HANDLER_ERROR, "handler error: request is larger than 64 MiB");
    } else if (!instance_admit(instance)) {
        response = response_error(RTC_TOO_MANY_REQUESTS, "too many concurrent requests (limit exceeded)");
    } else {
        response = raw_source_write(instance, request, request_len);
        instance_release_permit(instance);
    }
    object_release(&instance->object);
    return response;
}
