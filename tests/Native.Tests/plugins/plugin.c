// plugin.c — the ABI. Built several times: complete, and with one thing wrong or missing (see the Makefile).
#include "plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLOTS = 1024 };
static const uint64_t RESERVED = UINT64_MAX;

static instance instances[SLOTS];
static _Atomic uint64_t next_id;
static _Atomic(log_callback) logger;
static _Atomic uint8_t log_level = LOG_INFO;
static spread_count live_allocations;

unsigned cell_of_thread(void) {
    static _Atomic unsigned threads;
    static _Thread_local unsigned cell;
    if (!cell) {
        cell = 1 + atomic_fetch_add(&threads, 1) % CELLS;
    }
    return cell - 1;
}

static void spread_add(spread_count *count, int64_t change) {
    atomic_fetch_add_explicit(&count->cells[cell_of_thread()].value, change, memory_order_acq_rel);
}

static int64_t spread_sum(spread_count *count) {
    int64_t sum = 0;
    for (int i = 0; i < CELLS; i++) {
        sum += atomic_load(&count->cells[i].value);
    }
    return sum;
}

void count_allocation(int change) { spread_add(&live_allocations, change); }

// Answers, plugin objects and asynchronous calls not yet freed, over all instances.
EXPORT int64_t test_live_allocations(void) { return spread_sum(&live_allocations); }

// The log target as it lies in memory; the callback gets a message that no NUL ends.
void log_line(uint8_t level, const char *target, const char *message) {
    log_callback callback = atomic_load_explicit(&logger, memory_order_relaxed);
    if (callback && level >= atomic_load_explicit(&log_level, memory_order_relaxed)) {
        size_t len = strlen(message);
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, message, len);
        callback(level, target, copy, len);
        free(copy);
    }
}

instance *find_instance(void *handle) {
    uint64_t id = (uint64_t)(uintptr_t)handle;
    instance *in = &instances[id % SLOTS];
    return id && id != RESERVED && atomic_load(&in->id) == id ? in : NULL;
}

bool acquire(instance *in) {
    if (!in->limit) {
        spread_add(&in->unlimited, 1);
        return true;
    }
    uint64_t running = atomic_fetch_add(&in->running, 1);
    if (running >= in->limit) {
        atomic_fetch_sub(&in->running, 1);
        atomic_fetch_add(&in->rejected, 1);
        return false;
    }
    return true;
}

void release(instance *in) {
    if (in->limit) {
        atomic_fetch_sub(&in->running, 1);
    } else {
        spread_add(&in->unlimited, -1);
    }
}

static bool is_busy(instance *in) { return atomic_load(&in->running) || spread_sum(&in->unlimited); }

static FfiBuffer plain(uint32_t code, const char *message) {
    text out = {0};
    text_add(&out, message, strlen(message));
    count_allocation(1);
    return (FfiBuffer){(uint8_t *)out.data, out.len, out.capacity, code};
}

// Wraps a payload or an error text in the response envelope.
FfiBuffer respond(uint32_t code, text *out, const char *tag) {
    text envelope = {0};
    if (code == SUCCESS) {
        static const char head[] = "{\"status\":\"success\",\"payload\":";
        envelope.capacity = sizeof head + out->len + 1;
        envelope.data = malloc(envelope.capacity);
        text_add(&envelope, head, sizeof head - 1);
        text_add(&envelope, out->data, out->len);
    } else {
        text_print(&envelope, "{\"status\":\"error\",\"error_code\":%u,\"error_message\":\"", code);
        text_add(&envelope, out->data, out->len);
        text_print(&envelope, "\",\"error_details\":{\"tag\":\"%.100s\"}", tag);
    }
    text_add(&envelope, "}", 1);
    free(out->data);
    count_allocation(1);
    return (FfiBuffer){(uint8_t *)envelope.data, envelope.len, envelope.capacity, code};
}

// Answers that no plugin should give, for the host to survive.
static bool misbehave(const char *tag, FfiBuffer *answer) {
    if (strcmp(tag, "bad.empty") == 0) {
        *answer = (FfiBuffer){(uint8_t *)1, 0, 0, SUCCESS}; // dangling, as the reference answers nothing
    } else if (strcmp(tag, "bad.text") == 0) {
        *answer = plain(SUCCESS, "this is no JSON");
    } else if (strcmp(tag, "bad.status") == 0) {
        *answer = plain(SUCCESS, "{\"status\":\"error\",\"error_code\":7,\"error_message\":\"only the envelope says so\"}");
    } else if (strcmp(tag, "bad.trailing") == 0) {
        *answer = plain(SUCCESS, "{\"status\":\"success\",\"payload\":1} and more");
    } else if (strcmp(tag, "bad.order") == 0) {
        *answer = plain(SUCCESS, " { \"request_id\" : 7, \"payload\" : [ 1, {\"status\":\"x\"} ] , \"status\" : \"success\" } ");
    } else if (strcmp(tag, "bad.more") == 0) {
        *answer = plain(SUCCESS, "{\"status\":\"success\",\"payload\":{\"a\":1},\"meta\":{\"b\":2}}");
    } else if (strncmp(tag, "plain.", 6) == 0) {
        *answer = plain((uint32_t)strtoul(tag + 6, NULL, 10), "plain text");
        answer->len++; // counts a NUL, as binary errors do
        answer->data[answer->len - 1] = 0;
    } else {
        return false;
    }
    return true;
}

EXPORT void *plugin_create(void) {
#ifdef REFUSE_CREATE
    return NULL;
#else
    count_allocation(1);
    return malloc(1);
#endif
}

#ifdef WITH_CONFIG
static _Atomic int64_t cache_size;

// As a factory that is made with its configuration: data.cache_size, 100 when absent.
EXPORT void *plugin_create_with_config(const uint8_t *config, size_t len) {
    slice document = {(const char *)config, len};
    int64_t size = 100;
    json_integer(json_member(json_member(document, "data"), "cache_size"), &size);
    if ((len && !json_valid(document)) || size < 0) {
        return NULL;
    }
    atomic_store(&cache_size, size);
    return plugin_create();
}
#endif

#ifdef LOG_AFTER_FAILED_INIT
static void *log_later(void *unused) {
    (void)unused;
    for (int i = 0; i < 50; i++) {
        log_line(LOG_INFO, "late", "after a failed start");
        nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    return NULL;
}
#endif

static bool configure(instance *in, slice config) {
    int64_t number;
    in->limit = 1000;
    in->shutdown_timeout_ms = 5000;
    if (config.len == 0) {
        return true;
    }
    if (!json_valid(config)) {
        return false;
    }
    if (json_integer(json_member(config, "max_concurrent_ops"), &number)) {
        in->limit = (uint64_t)number;
    }
    if (json_integer(json_member(config, "shutdown_timeout_ms"), &number)) {
        in->shutdown_timeout_ms = (uint64_t)number;
    }
    static const char *levels[] = {"\"trace\"", "\"debug\"", "\"info\"", "\"warn\"", "\"error\"", "\"off\""};
    slice level = json_member(config, "log_level");
    atomic_store(&log_level, LOG_INFO);
    for (uint8_t i = 0; level.data && i < 6; i++) {
        if (strlen(levels[i]) == level.len && memcmp(levels[i], level.data, level.len) == 0) {
            atomic_store(&log_level, i);
        }
    }
    return !json_bool(json_member(json_member(config, "data"), "refuse"));
}

// A free slot and the id that leads to it, or null when every slot is taken.
static instance *reserve_slot(uint64_t *id) {
    for (int i = 0; i < SLOTS; i++) {
        *id = atomic_fetch_add(&next_id, 1) + 1;
        uint64_t free_slot = 0;
        if (atomic_compare_exchange_strong(&instances[*id % SLOTS].id, &free_slot, RESERVED)) {
            return &instances[*id % SLOTS];
        }
    }
    return NULL;
}

EXPORT void *plugin_init(void *plugin, const uint8_t *config, size_t len, log_callback callback) {
    if (!plugin) {
        return NULL;
    }
    free(plugin);
    count_allocation(-1);
    if (callback) {
        atomic_store(&logger, callback);
    }
#ifdef LOG_AFTER_FAILED_INIT
    pthread_t thread;
    pthread_create(&thread, NULL, log_later, NULL);
    pthread_detach(thread);
    return NULL;
#endif
    uint64_t id;
    instance *in = reserve_slot(&id);
    if (!in) {
        return NULL;
    }
    if (!configure(in, (slice){(const char *)config, len})) {
        atomic_store(&in->id, 0);
        return NULL;
    }
    atomic_store(&in->rejected, 0);
    atomic_store(&in->state, ACTIVE);
    atomic_store(&in->id, id);
    log_line(LOG_INFO, "hello_plugin", "the plugin has started");
    return (void *)(uintptr_t)id;
}

static FfiBuffer call(instance *in, const char *tag, slice request, cancellation *cancel) {
    FfiBuffer answer;
#ifdef WITH_CONFIG
    if (strcmp(tag, "cache_size") == 0) {
        text size = {0};
        text_print(&size, "%lld", (long long)atomic_load(&cache_size));
        return respond(SUCCESS, &size, tag);
    }
#endif
    if (misbehave(tag, &answer)) {
        return answer;
    }
    text out = {malloc(256), 0, 256};
    uint32_t code = handle_command(in, tag, request, cancel, &out);
    if (code == INTERNAL) { // what a caught panic looks like
        text_add(&out, "", 1);
        answer = plain(code, out.data);
        free(out.data);
        return answer;
    }
    return respond(code, &out, tag);
}

EXPORT FfiBuffer plugin_call(void *handle, const char *tag, const uint8_t *request, size_t len) {
    instance *in = find_instance(handle);
    if (!in) {
        return plain(INVALID_STATE, "Invalid handle");
    }
    if (!tag) {
        return plain(CONFIG_ERROR, "Type tag is null");
    }
    text out = {0};
    if (atomic_load(&in->state) != ACTIVE) {
        text_print(&out, "invalid lifecycle state: expected Active, got Failed");
        return respond(INVALID_STATE, &out, tag);
    }
    if (!acquire(in)) {
        text_print(&out, "too many concurrent requests (limit exceeded)");
        return respond(TOO_MANY_REQUESTS, &out, tag);
    }
    FfiBuffer answer = call(in, tag, (slice){(const char *)request, len}, NULL);
    release(in);
    return answer;
}

EXPORT void plugin_free_buffer(FfiBuffer *buffer) {
    if (buffer && buffer->data && buffer->capacity) {
        free(buffer->data);
        count_allocation(-1);
        *buffer = (FfiBuffer){0};
    }
}

EXPORT bool plugin_shutdown(void *handle) {
    instance *in = find_instance(handle);
    if (!in) {
        return false;
    }
#ifdef HANG_IN_SHUTDOWN
    nanosleep(&(struct timespec){3600, 0}, NULL);
#endif
    uint64_t id = (uint64_t)(uintptr_t)handle;
    if (!atomic_compare_exchange_strong(&in->id, &id, 0)) {
        return false;
    }
    for (uint64_t waited = 0; is_busy(in) && waited < in->shutdown_timeout_ms; waited++) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
#ifdef FAIL_SHUTDOWN
    return false;
#else
    return true;
#endif
}

EXPORT void plugin_set_log_level(void *handle, uint8_t level) {
    if (find_instance(handle)) {
        atomic_store(&log_level, level > LOG_OFF ? LOG_OFF : level);
    }
}

EXPORT uint8_t plugin_get_state(void *handle) {
    instance *in = find_instance(handle);
    return in ? (uint8_t)atomic_load(&in->state) : INVALID;
}

EXPORT uint64_t plugin_get_rejected_count(void *handle) {
    instance *in = find_instance(handle);
    return in ? atomic_load(&in->rejected) : 0;
}

#ifdef STUB_ASYNC
EXPORT uint64_t plugin_call_async(void *h, const char *t, const uint8_t *r, size_t n, completion_callback c, void *x) {
    (void)h, (void)t, (void)r, (void)n, (void)c, (void)x;
    return 0;
}

EXPORT bool plugin_cancel_async(void *handle, uint64_t id) {
    (void)handle, (void)id;
    return false;
}
#endif

#ifdef ASYNC

enum { ASYNC_SLOTS = 256 };

typedef struct {
    _Atomic uint64_t id;
    cancellation cancel;
    void *handle, *context;
    completion_callback callback;
    char *tag;
    text request;
} async_call;

static async_call *async_calls[ASYNC_SLOTS];
static pthread_mutex_t async_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic uint64_t next_async_id;

static void free_async(async_call *a) {
    free(a->request.data);
    free(a->tag);
    free(a);
    count_allocation(-1);
}

static void *run_async(void *argument) {
    async_call *a = argument;
    instance *in = find_instance(a->handle);
    bool acquired = in && acquire(in);
    FfiBuffer answer = acquired ? call(in, a->tag, (slice){a->request.data, a->request.len}, &a->cancel)
                       : in     ? plain(TOO_MANY_REQUESTS, "too many concurrent requests (limit exceeded)")
                                : plain(INVALID_STATE, "Invalid handle");
    a->callback(a->context, a->id, answer.data, answer.len, answer.error_code);
    pthread_mutex_lock(&async_lock);
    async_calls[a->id % ASYNC_SLOTS] = NULL;
    pthread_mutex_unlock(&async_lock);
    plugin_free_buffer(&answer);
    free_async(a);
    if (acquired) {
        release(in); // last: a shutdown that waits for it finds nothing allocated
    }
    return NULL;
}

EXPORT uint64_t plugin_call_async(void *handle, const char *tag, const uint8_t *request, size_t len,
                                  completion_callback callback, void *context) {
    if (!find_instance(handle) || !callback) {
        return 0;
    }
    async_call *a = calloc(1, sizeof *a);
    count_allocation(1);
    uint64_t id = atomic_fetch_add(&next_async_id, 1) + 1;
    atomic_store(&a->id, id);
    a->handle = handle, a->context = context, a->callback = callback, a->tag = strdup(tag);
    text_add(&a->request, (const char *)request, len);
    pthread_mutex_lock(&async_lock);
    bool full = async_calls[id % ASYNC_SLOTS] != NULL;
    if (!full) {
        async_calls[id % ASYNC_SLOTS] = a;
    }
    pthread_mutex_unlock(&async_lock);
    pthread_t thread;
    if (full || pthread_create(&thread, NULL, run_async, a) != 0) {
        pthread_mutex_lock(&async_lock);
        if (!full) {
            async_calls[id % ASYNC_SLOTS] = NULL;
        }
        pthread_mutex_unlock(&async_lock);
        free_async(a);
        return 0;
    }
    pthread_detach(thread);
    return id;
}

// Whether the call has not been answered yet; then it is cancelled.
static bool cancel_running(uint64_t id) {
    pthread_mutex_lock(&async_lock);
    async_call *a = async_calls[id % ASYNC_SLOTS];
    bool running = a && a->id == id;
    if (running) {
        atomic_store(&a->cancel.cancelled, true);
    }
    pthread_mutex_unlock(&async_lock);
    return running;
}

EXPORT bool plugin_cancel_async(void *handle, uint64_t id) {
    (void)handle;
    bool running = cancel_running(id);
#ifdef CANCEL_WAITS
    while (cancel_running(id)) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
#endif
    return running;
}
#endif
