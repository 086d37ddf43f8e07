/* rtc_poll: order, holes, timeouts, sizes, the end. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "host.h"

static void arguments(void *handle) {
    uint8_t buffer[64];
    size_t size = 7;
    CHECK_INT(rtc_poll(handle, buffer, sizeof buffer, 0, NULL), RTC_BAD_ARGUMENT);
    CHECK_INT(rtc_poll(handle, NULL, 8, 0, &size), RTC_BAD_ARGUMENT);
    CHECK_INT(rtc_poll(NULL, buffer, sizeof buffer, 0, &size), RTC_BAD_HANDLE);
    CHECK_INT(rtc_poll((void *)((uintptr_t)handle + (1 << 20)), buffer, sizeof buffer, 0, &size), RTC_BAD_HANDLE);
    CHECK_INT(rtc_poll(handle, buffer, sizeof buffer, 0, &size), RTC_OK);
    CHECK_INT(size, 0);
    double start = seconds();
    CHECK_INT(rtc_poll(handle, buffer, sizeof buffer, 50, &size), RTC_OK);
    CHECK_INT(size, 0);
    CHECK(seconds() - start >= 0.049);
}

static void order(void *handle) {
    static records r;
    host_do(handle, "test.emit", "{\"session\":17,\"count\":1000,\"size\":33}");
    host_do(handle, "test.emit", "{\"session\":18,\"count\":10,\"size\":0}");
    for (uint64_t seq = 1; seq <= 1000; seq++) {
        const rtc_record *record = record_wait(handle, &r, RTC_RECORD_EVENT, 0);
        CHECK_INT(record->id, 17);
        CHECK_INT(event_seq(record), seq);
    }
    for (uint64_t seq = 1; seq <= 10; seq++) CHECK_INT(event_seq(record_wait(handle, &r, RTC_RECORD_EVENT, 18)), seq);
    CHECK_INT(host_number(handle, "event_bytes_queued", "rtc.tables", "{}"), 0);
}

static void too_small(void *handle) {
    host_do(handle, "test.emit", "{\"session\":19,\"count\":2,\"size\":1000}");
    uint8_t buffer[2048];
    size_t wanted = 0;
    CHECK_INT(rtc_poll(handle, buffer, 16, 0, &wanted), RTC_TOO_SMALL);
    CHECK(wanted > 1000 && wanted < 1100 && wanted % 8 == 0);
    size_t again = 0;
    CHECK_INT(rtc_poll(handle, NULL, 0, 0, &again), RTC_TOO_SMALL);
    CHECK_INT(again, wanted);
    size_t size;
    CHECK_INT(rtc_poll(handle, buffer, wanted, 0, &size), RTC_OK); /* one whole record, not half the next */
    CHECK_INT(size, wanted);
    CHECK_INT(rtc_poll(handle, buffer, wanted + 8, 0, &size), RTC_OK);
    CHECK_INT(size, wanted);
}

/* The oldest events go, the hole is as long as the count, and nothing else is lost. */
static void holes(void) {
    void *handle = host_start("{\"data\":{\"event_buffer_bytes\":65536}}");
    static records r;
    uint64_t id = plugin_call_async(handle, "test.sleep", NULL, 0, NULL, NULL);
    host_do(handle, "test.emit", "{\"session\":1,\"count\":10000,\"size\":100}");
    uint64_t dropped = host_number(handle, "events_dropped", "rtc.tables", "{}");
    CHECK(dropped > 9000 && dropped < 10000);
    uint64_t seq = dropped;
    int completions = 0;
    while (seq < 10000 || completions < 1) {
        bool ended;
        const rtc_record *record = record_next(handle, &r, 10000, &ended);
        CHECK(record != NULL);
        if (record->kind == RTC_RECORD_EVENT) {
            CHECK_INT(event_seq(record), ++seq);
        } else {
            CHECK_INT(record->id, id);
            completions++;
        }
    }
    CHECK_INT(completions, 1);

    /* An event larger than the buffer is a hole of its own. */
    host_do(handle, "test.emit", "{\"session\":1,\"count\":1,\"size\":70000}");
    host_do(handle, "test.emit", "{\"session\":1,\"count\":1,\"size\":1}");
    CHECK_INT(event_seq(record_wait(handle, &r, RTC_RECORD_EVENT, 1)), 10002);
    CHECK_INT(host_number(handle, "events_dropped", "rtc.tables", "{}"), dropped + 1);
    host_stop(handle);
}

typedef struct poller {
    void *handle;
    _Atomic int32_t result;
    _Atomic int done;
    uint64_t events;
    uint64_t last_seq;
} poller;

static void *poll_once(void *argument) {
    poller *p = argument;
    uint8_t buffer[64];
    size_t size;
    int32_t result;
    do result = rtc_poll(p->handle, buffer, sizeof buffer, -1, &size);
    while (result == RTC_BUSY); /* the test itself looks in now and then */
    atomic_store(&p->result, result);
    atomic_store(&p->done, 1);
    return NULL;
}

static void one_poller_at_a_time_and_the_end(void) {
    poller p = {.handle = host_start(NULL)};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, poll_once, &p) == 0);
    uint8_t buffer[64];
    size_t size;
    double until = seconds() + 10;
    while (rtc_poll(p.handle, buffer, sizeof buffer, 0, &size) != RTC_BUSY && seconds() < until) usleep(500);
    CHECK_INT(rtc_poll(p.handle, buffer, sizeof buffer, 0, &size), RTC_BUSY);
    CHECK(!p.done);
    host_stop(p.handle); /* wakes it */
    pthread_join(thread, NULL);
    CHECK_INT(p.result, RTC_ENDED);
    CHECK_INT(rtc_poll(p.handle, buffer, sizeof buffer, -1, &size), RTC_ENDED); /* and for ever */
}

static void the_rest_comes_after_shutdown(void) {
    static records r;
    void *handle = host_start(NULL);
    host_do(handle, "test.emit", "{\"session\":5,\"count\":2000,\"size\":64}");
    uint64_t id = plugin_call_async(handle, "test.sleep", (const uint8_t *)"{\"ms\":60000}", 12, NULL, NULL);
    CHECK(id != 0);
    host_stop(handle);
    uint64_t events = 0;
    int completions = 0;
    bool ended = false;
    const rtc_record *record;
    while ((record = record_next(handle, &r, -1, &ended)) != NULL) {
        if (record->kind == RTC_RECORD_COMPLETION) {
            CHECK_INT(record->id, id);
            completions++;
        } else {
            CHECK_INT(event_seq(record), ++events);
        }
    }
    CHECK(ended);
    CHECK_INT(events, 2000);
    CHECK_INT(completions, 1);
}

static void *poll_until_end(void *argument) {
    poller *p = argument;
    records *r = malloc(sizeof *r);
    r->size = r->at = 0;
    bool ended = false;
    while (!ended) {
        const rtc_record *record = record_next(p->handle, r, 200, &ended);
        if (record == NULL || record->kind != RTC_RECORD_EVENT) continue;
        uint64_t seq = event_seq(record);
        CHECK(seq > p->last_seq);
        p->last_seq = seq;
        p->events++;
    }
    free(r);
    return NULL;
}

/* A flood while somebody reads: in order, and what is missing was counted. */
static void flood(void) {
    poller p = {.handle = host_start("{\"data\":{\"event_buffer_bytes\":131072}}")};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, poll_until_end, &p) == 0);
    for (int i = 0; i < 200; i++) host_do(p.handle, "test.emit", "{\"session\":3,\"count\":100,\"size\":300}");
    uint64_t dropped = host_number(p.handle, "events_dropped", "rtc.tables", "{}");
    host_stop(p.handle);
    pthread_join(thread, NULL);
    CHECK_INT(p.events + dropped, 20000);
    CHECK_INT(p.last_seq, 20000);
}

void test_records(void) {
    void *handle = host_start(NULL);
    arguments(handle);
    order(handle);
    too_small(handle);
    host_stop(handle);
    holes();
    one_poller_at_a_time_and_the_end();
    the_rest_comes_after_shutdown();
    flood();
    CHECK_INT(rtc_live_allocations(), 0);
}
