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

static uint32_t random_below(uint32_t limit) {
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 33) % limit);
}

/* Buffers of odd sizes, events about as large as they are, polls of any size: whatever does not come is counted. */
static void events_of_any_size(void) {
    static _Alignas(8) uint8_t buffer[32768];
    for (int round = 0; round < 20; round++) {
        char config[64];
        uint32_t bytes = 4096 + random_below(4096);
        snprintf(config, sizeof config, "{\"data\":{\"event_buffer_bytes\":%u}}", bytes);
        void *handle = host_start(config);
        uint64_t emitted = 0, got = 0, last = 0;
        for (int step = 0; step < 30; step++) {
            uint32_t size = random_below(2) == 0 ? random_below(bytes + 64) : bytes - random_below(64);
            host_do(handle, "test.emit", "{\"session\":1,\"count\":1,\"size\":%u}", size);
            emitted++;
            size_t taken;
            int32_t result = rtc_poll(handle, buffer, random_below(2 * bytes), 0, &taken);
            CHECK(result == RTC_OK || result == RTC_TOO_SMALL);
            if (result == RTC_TOO_SMALL) CHECK_INT(rtc_poll(handle, buffer, taken, 0, &taken), RTC_OK);
            for (size_t at = 0; at < taken; got++) {
                const rtc_record *record = (const rtc_record *)(buffer + at);
                CHECK_INT(record->kind, RTC_RECORD_EVENT);
                CHECK(event_seq(record) > last);
                last = event_seq(record);
                at += sizeof *record + ((record->size + 7) & ~7u);
                CHECK(at <= taken);
            }
        }
        size_t rest;
        while (rtc_poll(handle, buffer, sizeof buffer, 0, &rest) == RTC_OK && rest > 0)
            for (size_t at = 0; at < rest; got++) at += sizeof(rtc_record) + ((((rtc_record *)(buffer + at))->size + 7) & ~7u);
        CHECK_INT(got + host_number(handle, "events_dropped", "rtc.tables", "{}"), emitted);
        host_stop(handle);
    }
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
    events_of_any_size();
    one_poller_at_a_time_and_the_end();
    the_rest_comes_after_shutdown();
    flood();
    CHECK_INT(rtc_live_allocations(), 0);
}
