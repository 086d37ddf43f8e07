/* Asynchronous calls: completion by callback and by record, cancellation, races. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "host.h"

typedef struct completions {
    _Atomic int count;
    _Atomic int cancelled;
    _Atomic int succeeded;
    pthread_t thread; /* the one they came on */
    _Atomic uint64_t last_id;
} completions;

static void completed(void *context, uint64_t request_id, const uint8_t *data, size_t len, uint32_t code) {
    completions *c = context;
    char text[512] = {0};
    memcpy(text, data, len < sizeof text ? len : sizeof text - 1);
    CHECK(strstr(text, code == RTC_SUCCESS ? "\"status\":\"success\"" : "\"status\":\"error\"") != NULL);
    if (code == RTC_CANCELLED) {
        CHECK(strstr(text, "\"kind\":\"cancelled\"") != NULL);
        atomic_fetch_add(&c->cancelled, 1);
    } else {
        CHECK_INT(code, RTC_SUCCESS);
        atomic_fetch_add(&c->succeeded, 1);
    }
    c->thread = pthread_self();
    atomic_store(&c->last_id, request_id);
    atomic_fetch_add(&c->count, 1);
}

static void wait_for(_Atomic int *count, int wanted) {
    double until = seconds() + 30;
    while (atomic_load(count) < wanted && seconds() < until) usleep(500);
    CHECK_INT(atomic_load(count), wanted);
}

static uint64_t begin(void *handle, const char *tag, const char *request, completions *c) {
    uint64_t id = plugin_call_async(handle, tag, (const uint8_t *)request, strlen(request),
                                    c == NULL ? NULL : completed, c);
    if (id == 0) fprintf(stderr, "%s\n", rtc_last_error());
    CHECK(id != 0);
    return id;
}

static void by_callback(void *handle) {
    completions c = {0};
    uint64_t id = begin(handle, "test.sleep", "{\"ms\":1}", &c);
    wait_for(&c.count, 1);
    CHECK_INT(c.succeeded, 1);
    CHECK_INT(c.last_id, id);
    pthread_t first = c.thread;
    CHECK(!pthread_equal(first, pthread_self()));
    CHECK(!plugin_cancel_async(handle, id)); /* it is over */

    for (int i = 0; i < 500; i++) begin(handle, "test.sleep", "{\"ms\":1}", &c);
    wait_for(&c.count, 501);
    CHECK(pthread_equal(first, c.thread));
}

static void by_record(void *handle) {
    static records r;
    uint64_t id = begin(handle, "test.sleep", "{\"ms\":1}", NULL);
    const rtc_record *record = record_wait(handle, &r, RTC_RECORD_COMPLETION, id);
    uint32_t code;
    memcpy(&code, record + 1, sizeof code);
    CHECK_INT(code, RTC_SUCCESS);
    const char *expected = "{\"status\":\"success\",\"payload\":{}}";
    CHECK_INT(record->size, 4 + strlen(expected));
    CHECK(memcmp((const uint8_t *)(record + 1) + 4, expected, strlen(expected)) == 0);

    id = begin(handle, "no.such.command", "{}", NULL);
    record = record_wait(handle, &r, RTC_RECORD_COMPLETION, id);
    memcpy(&code, record + 1, sizeof code);
    CHECK_INT(code, RTC_UNKNOWN_MESSAGE_TYPE);
}

static void cancelled(void *handle) {
    completions c = {0};
    double start = seconds();
    uint64_t id = begin(handle, "test.sleep", "{\"ms\":60000}", &c);
    CHECK(!plugin_cancel_async(handle, id + 1000000));
    CHECK(plugin_cancel_async(handle, id));
    wait_for(&c.count, 1);
    CHECK_INT(c.cancelled, 1);
    CHECK(seconds() - start < 30);
    CHECK(!plugin_cancel_async(handle, id));

    /* One that succeeds all the same is not called cancelled. */
    id = begin(handle, "test.stubborn", "{\"ms\":50}", &c);
    CHECK(plugin_cancel_async(handle, id));
    CHECK(plugin_cancel_async(handle, id)); /* still running */
    wait_for(&c.count, 2);
    CHECK_INT(c.succeeded, 1);

    /* A request of another instance is none of one's business. */
    void *other = host_start(NULL);
    id = begin(handle, "test.sleep", "{\"ms\":50}", &c);
    CHECK(!plugin_cancel_async(other, id));
    wait_for(&c.count, 3);
    host_stop(other);
}

typedef struct racer {
    void *handle;
    completions c;
    int begun;
    unsigned seed;
} racer;

/* Cancels requests about when they end: each completes exactly once. */
static void *race(void *argument) {
    racer *self = argument;
    for (int i = 0; i < 400; i++) {
        uint64_t id = begin(self->handle, "test.sleep", i % 2 == 0 ? "{\"ms\":0}" : "{\"ms\":1}", &self->c);
        self->begun++;
        for (unsigned spin = rand_r(&self->seed) % 2000; spin > 0; spin--) atomic_thread_fence(memory_order_seq_cst);
        plugin_cancel_async(self->handle, id);
    }
    return NULL;
}

static void races(void *handle) {
    enum { RACERS = 4 };
    static racer racers[RACERS];
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (racer){.handle = handle, .seed = (unsigned)i + 1};
        CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    for (int i = 0; i < RACERS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < RACERS; i++) {
        wait_for(&racers[i].c.count, racers[i].begun);
        CHECK_INT(racers[i].c.cancelled + racers[i].c.succeeded, racers[i].begun);
    }
}

/* Completions that nobody has taken keep their permits, so they cannot pile up without bound. */
static void unread_completions_are_bounded(void) {
    void *handle = host_start("{\"max_concurrent_ops\":8}");
    for (int i = 0; i < 8; i++) begin(handle, "test.sleep", "{}", NULL);
    CHECK_INT(plugin_call_async(handle, "test.sleep", (const uint8_t *)"{}", 2, NULL, NULL), 0);
    static records r;
    for (int i = 0; i < 8; i++) record_wait(handle, &r, RTC_RECORD_COMPLETION, 0);
    begin(handle, "test.sleep", "{}", NULL);
    record_wait(handle, &r, RTC_RECORD_COMPLETION, 0);
    host_stop(handle);
}

/* A callback may do anything, even stop the library it is called by. */
typedef struct stopper {
    void *handle;
    _Atomic int stopped;
} stopper;

static void stop_inside(void *context, uint64_t id, const uint8_t *data, size_t len, uint32_t code) {
    (void)id, (void)data, (void)len;
    stopper *s = context;
    CHECK_INT(code, RTC_SUCCESS);
    answer a = host_call(s->handle, "test.sleep", "{}");
    CHECK_INT(a.code, RTC_SUCCESS);
    answer_free(&a);
    CHECK(plugin_shutdown(s->handle));
    atomic_store(&s->stopped, 1);
}

static void shutdown_inside_a_callback(void) {
    stopper s = {.handle = host_start(NULL)};
    completions c = {0};
    begin(s.handle, "test.sleep", "{\"ms\":60000}", &c);
    CHECK(plugin_call_async(s.handle, "test.sleep", NULL, 0, stop_inside, &s) != 0);
    wait_for(&s.stopped, 1);
    CHECK_INT(c.cancelled, 1); /* before shutdown returned */
    CHECK_INT(plugin_get_state(s.handle), RTC_STATE_INVALID);
}

void test_async(void) {
    void *handle = host_start("{\"max_concurrent_ops\":0}");
    by_callback(handle);
    by_record(handle);
    cancelled(handle);
    races(handle);
    host_stop(handle);
    unread_completions_are_bounded();
    shutdown_inside_a_callback();
    CHECK_INT(rtc_live_allocations(), 0);
}
