/*
 * stand_in.c — takes the place of Go, so that sanitizers, which cannot follow the Go runtime, can watch the C core: the
 * queue's consumer, plugin lifecycle and the test commands, each on a thread of its own.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "border.h"
#include "host.h"

enum { MAX_RUNNING = 4096, MAX_STREAMS = 256 };

typedef struct command {
    border_work work;
    char *payload;
    char tag[64];
    _Atomic bool cancelled;
    _Atomic bool answered;
    bool listed;
} command;

typedef struct stream {
    uint64_t id;
    uint64_t instance;
    void *opaque;
    bool is_sink;
} stream;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; /* a cancellation, a notice of a source, an end */
static command *running[MAX_RUNNING];
static stream streams[MAX_STREAMS];
static uint64_t stopping[MAX_RUNNING];
static int stopping_count;
static int descriptor;

bool host_has_go(void) {
    return false;
}

static uint64_t argument(const char *text, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *found = strstr(text, key);
    if (found == NULL) return 0;
    found += strlen(key);
    return strncmp(found, "true", 4) == 0 ? 1 : strtoull(found, NULL, 10);
}

static uint64_t argument_or(const char *text, const char *name, uint64_t otherwise) {
    return strstr(text, name) == NULL ? otherwise : argument(text, name);
}

/* ---- Answers --------------------------------------------------------------------------------------------------------- */

static void answer_text(command *c, uint32_t code, const char *text) {
    if (!atomic_exchange(&c->answered, true)) border_answer(c->work.request, code, text, strlen(text));
}

static void succeed(command *c, const char *payload) {
    char text[512];
    snprintf(text, sizeof text, "{\"status\":\"success\",\"payload\":%s}", payload);
    answer_text(c, RTC_SUCCESS, text);
}

static void fail(command *c, uint32_t code, const char *message, const char *kind) {
    char text[512];
    snprintf(text, sizeof text,
             "{\"status\":\"error\",\"error_code\":%u,\"error_message\":\"%s\",\"error_details\":{\"kind\":\"%s\"}}", code,
             message, kind);
    answer_text(c, code, text);
}

/* ---- Streams --------------------------------------------------------------------------------------------------------- */

static stream *stream_find(uint64_t id) {
    for (int i = 0; i < MAX_STREAMS; i++)
        if (streams[i].id == id && id != 0) return &streams[i];
    return NULL;
}

static void stream_add(command *c, void *opaque, bool is_sink) {
    char text[64];
    uint64_t id = is_sink ? border_sink_id(opaque) : border_source_id(opaque);
    pthread_mutex_lock(&mutex);
    int i = 0;
    while (streams[i].id != 0) i++;
    streams[i] = (stream){id, c->work.instance, opaque, is_sink};
    pthread_mutex_unlock(&mutex);
    snprintf(text, sizeof text, "{\"%s\":%llu}", is_sink ? "sink" : "source", (unsigned long long)id);
    succeed(c, text);
}

static void stream_drop(stream *s, bool discard) {
    if (s->is_sink) {
        border_sink_end(s->opaque, discard);
        border_sink_release(s->opaque);
    } else {
        border_source_release(s->opaque);
    }
    *s = (stream){0};
}

static void read_source(command *c) {
    uint64_t id = argument(c->payload, "source");
    size_t wanted = argument(c->payload, "size");
    uint8_t buffer[4096];
    uint32_t hash = 2166136261u;
    size_t total = 0;
    pthread_mutex_lock(&mutex);
    stream *s = stream_find(id);
    while (s != NULL && total < wanted && !atomic_load(&c->cancelled)) {
        size_t piece = wanted - total < sizeof buffer ? wanted - total : sizeof buffer;
        int64_t size = border_source_read(s->opaque, buffer, piece);
        if (size < 0) break;
        if (size == 0) pthread_cond_wait(&changed, &mutex);
        if (size > 0) hash = fnv1a(hash, buffer, (size_t)size);
        total += (size_t)size;
        s = stream_find(id);
    }
    pthread_mutex_unlock(&mutex);
    if (s == NULL) return fail(c, RTC_HANDLER_ERROR, "source_not_found", "source_not_found");
    char text[96];
    snprintf(text, sizeof text, "{\"bytes\":%zu,\"hash\":%u}", total, hash);
    succeed(c, text);
}

static void use_sink(command *c) {
    size_t size = argument(c->payload, "size");
    size_t count = argument(c->payload, "count");
    uint8_t *page = malloc(size + 1);
    char text[96] = "{}";
    pthread_mutex_lock(&mutex);
    stream *s = stream_find(argument(c->payload, "sink"));
    bool found = s != NULL;
    if (found && strcmp(c->tag, "test.sink.preface") == 0) {
        memset(page, 'H', size);
        border_sink_preface(s->opaque, page, size);
    } else if (found && strcmp(c->tag, "test.sink.write") == 0) {
        size_t dropped = 0, dropped_bytes = 0;
        for (size_t i = 0; i < count; i++) {
            size_t pages, bytes;
            memset(page, (int)i, size);
            border_sink_write(s->opaque, page, size, &pages, &bytes);
            dropped += pages;
            dropped_bytes += bytes;
        }
        snprintf(text, sizeof text, "{\"dropped\":%zu,\"dropped_bytes\":%zu}", dropped, dropped_bytes);
    } else if (found) {
        stream_drop(s, argument(c->payload, "discard") != 0);
    }
    pthread_mutex_unlock(&mutex);
    free(page);
    if (!found) return fail(c, RTC_HANDLER_ERROR, "sink_not_found", "sink_not_found");
    succeed(c, text);
}

/* ---- Commands -------------------------------------------------------------------------------------------------------- */

static size_t put_varint(uint8_t *at, uint64_t value) {
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) at[size++] = (uint8_t)(value | 0x80);
    at[size++] = (uint8_t)value;
    return size;
}

/* An Event with an unknown field of the wanted size, and seq. */
static void emit(command *c) {
    static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
    static struct { uint64_t instance, session, seq; } numbers[MAX_RUNNING];
    uint64_t session = argument(c->payload, "session");
    size_t size = argument(c->payload, "size");
    uint8_t *event = calloc(1, size + 64);
    pthread_mutex_lock(&order);
    int i = 0;
    while (numbers[i].seq != 0 && (numbers[i].instance != c->work.instance || numbers[i].session != session)) i++;
    numbers[i].instance = c->work.instance;
    numbers[i].session = session;
    for (uint64_t n = argument(c->payload, "count"); n > 0; n--) {
        size_t at = put_varint(event, 4 << 3 | 2);
        at += put_varint(event + at, size);
        at += size;
        at += put_varint(event + at, 101 << 3);
        at += put_varint(event + at, ++numbers[i].seq);
        border_event(c->work.instance, session, event, at);
    }
    pthread_mutex_unlock(&order);
    free(event);
    succeed(c, "{}");
}

static void write_log(command *c) {
    for (uint64_t i = 0; i < argument(c->payload, "count"); i++) {
        char text[96];
        int size = snprintf(text, sizeof text, "line of the test size=7 number=%llu quoted=\"two words\"", (unsigned long long)i);
        border_log(c->work.instance, RTC_LOG_INFO, "librtc.test", 11, text, (size_t)size);
        border_log(c->work.instance, RTC_LOG_TRACE, "librtc.test", 11, "trace of the test", 17);
    }
    succeed(c, "{}");
}

static void tables(command *c) {
    border_counts counts;
    char text[256];
    border_count(c->work.instance, &counts);
    snprintf(text, sizeof text, "{\"requests\":%llu,\"sources\":%u,\"sinks\":%u,\"events_dropped\":%llu,\"event_bytes_queued\":%llu}",
             (unsigned long long)counts.requests - 1, counts.sources, counts.sinks,
             (unsigned long long)counts.events_dropped, (unsigned long long)counts.event_bytes_queued);
    succeed(c, text);
}

static void wait_a_while(command *c, bool stubborn) {
    double until = seconds() + (double)argument(c->payload, "ms") / 1000;
    while (seconds() < until && (stubborn || !atomic_load(&c->cancelled))) usleep(200);
    if (stubborn || !atomic_load(&c->cancelled)) return succeed(c, "{}");
    fail(c, RTC_CANCELLED, "context canceled", "cancelled");
}

static void open_stream(command *c) {
    size_t capacity = argument(c->payload, "capacity");
    bool is_sink = strcmp(c->tag, "test.sink.open") == 0;
    void *opaque = is_sink ? border_sink_open(c->work.instance, capacity)
                           : border_source_open(c->work.instance, capacity);
    if (opaque == NULL) return fail(c, RTC_HANDLER_ERROR, "no room", "capacity_exceeded");
    stream_add(c, opaque, is_sink);
}

static void close_source(command *c) {
    pthread_mutex_lock(&mutex);
    stream *s = stream_find(argument(c->payload, "source"));
    if (s != NULL) stream_drop(s, true);
    pthread_mutex_unlock(&mutex);
    succeed(c, "{}");
}

static void execute(command *c) {
    if (strcmp(c->tag, "test.sleep") == 0) return wait_a_while(c, false);
    if (strcmp(c->tag, "test.stubborn") == 0) return wait_a_while(c, true);
    if (strcmp(c->tag, "test.emit") == 0) return emit(c);
    if (strcmp(c->tag, "test.log") == 0) return write_log(c);
    if (strcmp(c->tag, "rtc.tables") == 0) return tables(c);
    if (strcmp(c->tag, "test.source.read") == 0) return read_source(c);
    if (strcmp(c->tag, "test.source.close") == 0) return close_source(c);
    if (strcmp(c->tag, "test.source.open") == 0 || strcmp(c->tag, "test.sink.open") == 0) return open_stream(c);
    if (strncmp(c->tag, "test.sink.", 10) == 0) return use_sink(c);
    char message[320];
    snprintf(message, sizeof message, "unknown message type: %s", c->tag);
    fail(c, RTC_UNKNOWN_MESSAGE_TYPE, message, "invalid_argument");
}

/* ---- Lifecycle ------------------------------------------------------------------------------------------------------- */

static void start_instance(command *c) {
    border_limits limits = {
        .max_concurrent_ops = argument_or(c->payload, "max_concurrent_ops", 1000),
        .event_buffer_bytes = argument_or(c->payload, "event_buffer_bytes", 1 << 20),
        .call_timeout_ms = (uint32_t)argument_or(c->payload, "call_timeout_ms", 60000),
        .shutdown_timeout_ms = (uint32_t)argument_or(c->payload, "shutdown_timeout_ms", 5000),
    };
    if (strcmp(c->payload, "[]") == 0) return answer_text(c, RTC_CONFIG_ERROR, "configuration error: not an object");
    border_configure(c->work.instance, &limits, strstr(c->payload, "\"off\"") != NULL ? RTC_LOG_OFF : RTC_LOG_INFO);
    answer_text(c, RTC_SUCCESS, "");
}

/* Commands of the instance that have not answered. The mutex is held. */
static int listed_commands(uint64_t instance) {
    int count = 0;
    for (int i = 0; i < MAX_RUNNING; i++)
        if (running[i] != NULL && running[i]->work.instance == instance && running[i]->listed) count++;
    return count;
}

static void stop_instance(command *c) {
    double until = seconds() + atof(c->payload) / 1000;
    uint64_t instance = c->work.instance;
    int left;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MAX_RUNNING; i++)
        if (running[i] != NULL && running[i]->work.instance == instance) atomic_store(&running[i]->cancelled, true);
    for (int i = 0; i < MAX_STREAMS; i++)
        if (streams[i].instance == instance) stream_drop(&streams[i], false);
    pthread_cond_broadcast(&changed);
    while ((left = listed_commands(instance)) > 0 && seconds() < until) {
        pthread_mutex_unlock(&mutex);
        usleep(200);
        pthread_mutex_lock(&mutex);
    }
    for (int i = 0; i < MAX_RUNNING; i++)
        if (running[i] != NULL && running[i]->work.instance == instance && running[i]->listed)
            fail(running[i], RTC_CANCELLED, "the library was shut down", "cancelled");
    pthread_mutex_unlock(&mutex);
    answer_text(c, left == 0 ? RTC_SUCCESS : RTC_SHUTDOWN_FAILED, left == 0 ? "" : "shutdown failed");
}

/* ---- The queue ------------------------------------------------------------------------------------------------------- */

static void *run_command(void *argument_) {
    command *c = argument_;
    switch (c->work.kind) {
    case BORDER_NODE_INIT: start_instance(c); break;
    case BORDER_NODE_SHUTDOWN: stop_instance(c); break;
    case BORDER_NODE_CHECK: answer_text(c, RTC_SUCCESS, ""); break;
    default: execute(c); break;
    }
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < MAX_RUNNING; i++)
        if (running[i] == c) running[i] = NULL;
    pthread_mutex_unlock(&mutex);
    free(c->payload);
    free(c);
    return NULL;
}

static bool stops(uint64_t instance) {
    for (int i = 0; i < stopping_count; i++)
        if (stopping[i] == instance) return true;
    return false;
}

static void begin(const border_work *work) {
    command *c = calloc(1, sizeof *c);
    c->work = *work;
    snprintf(c->tag, sizeof c->tag, "%.*s", (int)work->tag_size, work->tag);
    c->payload = strndup((const char *)work->payload, work->payload_size);
    pthread_mutex_lock(&mutex);
    c->listed = work->kind == BORDER_NODE_CALL;
    bool refused = c->listed && stops(work->instance);
    if (work->kind == BORDER_NODE_SHUTDOWN) stopping[stopping_count++] = work->instance;
    int i = 0;
    while (running[i] != NULL) i++;
    running[i] = c;
    pthread_mutex_unlock(&mutex);
    if (refused) fail(c, RTC_INVALID_STATE, "invalid lifecycle state: expected Active, got Stopping", "invalid_state");
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (refused) strcpy(c->tag, "refused");
    CHECK(pthread_create(&thread, &attributes, run_command, c) == 0);
    pthread_attr_destroy(&attributes);
}

static void *consume(void *unused) {
    (void)unused;
    for (;;) {
        const border_work *work;
        size_t count = border_take(&work);
        for (size_t i = 0; i < count; i++) {
            if (work[i].request != NULL) {
                begin(&work[i]);
                continue;
            }
            pthread_mutex_lock(&mutex);
            for (int k = 0; work[i].kind == BORDER_NODE_CANCEL && k < MAX_RUNNING; k++)
                if (running[k] != NULL && running[k]->work.id == work[i].id) atomic_store(&running[k]->cancelled, true);
            pthread_cond_broadcast(&changed);
            pthread_mutex_unlock(&mutex);
        }
        if (count > 0 || !border_sleep()) continue;
        struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
        uint64_t counter;
        poll(&waiting, 1, -1);
        ssize_t got = read(descriptor, &counter, sizeof counter);
        (void)got;
    }
    return NULL;
}

__attribute__((constructor)) static void start(void) {
    pthread_t thread;
    descriptor = border_open();
    CHECK(descriptor >= 0);
    CHECK(pthread_create(&thread, NULL, consume, NULL) == 0);
    pthread_detach(thread);
}
