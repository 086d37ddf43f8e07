/* Sources and sinks. */
#include <pthread.h>
#include <unistd.h>

#include "host.h"

#define ID(handle) ((unsigned long long)(handle))

static uint64_t open_source(void *handle, int capacity) {
    return host_number(handle, "source", "test.source.open", "{\"capacity\":%d}", capacity);
}

static uint64_t open_sink(void *handle, int capacity) {
    return host_number(handle, "sink", "test.sink.open", "{\"capacity\":%d}", capacity);
}

/* ---- Sources ------------------------------------------------------------------------------------------------------- */

static void source_basics(void *handle) {
    static records r;
    uint8_t bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    CHECK_INT(rtc_source_write(0, bytes, 1), RTC_BAD_HANDLE);
    CHECK_INT(rtc_source_end(12345), RTC_BAD_HANDLE);
    uint64_t source = open_source(handle, 1000);
    CHECK(source > 0 && source < (UINT64_C(1) << 53));
    CHECK_INT(rtc_source_write(source, NULL, 1), RTC_BAD_ARGUMENT);
    CHECK_INT(rtc_source_write(source, NULL, 0), 0);
    CHECK_INT(rtc_sink_read(source, bytes, 10), RTC_BAD_HANDLE); /* not a sink */
    CHECK_INT(rtc_source_write(source, bytes, 600), 600);
    CHECK_INT(rtc_source_write(source, bytes + 600, 600), 400); /* full */
    CHECK_INT(rtc_source_write(source, bytes + 1000, 1), 0);

    /* Room again: told once, and the bytes wrap round the end of the ring in one piece. */
    answer a = host_call(handle, "test.source.read", "{}");
    CHECK_INT(a.code, RTC_HANDLER_ERROR);
    answer_free(&a);
    CHECK_INT(host_number(handle, "hash", "test.source.read", "{\"source\":%llu,\"size\":500}", ID(source)),
              fnv1a(2166136261u, bytes, 500));
    record_wait(handle, &r, RTC_RECORD_SOURCE_WRITABLE, source);
    CHECK_INT(rtc_source_write(source, bytes + 1000, 300), 300);
    CHECK_INT(rtc_source_end(source), RTC_OK);
    CHECK_INT(rtc_source_end(source), RTC_ENDED);
    CHECK_INT(rtc_source_write(source, bytes, 1), RTC_ENDED);
    answer rest;
    char request[96];
    snprintf(request, sizeof request, "{\"source\":%llu,\"size\":100000}", ID(source));
    rest = host_call(handle, "test.source.read", request);
    CHECK_INT(number_in(rest.text, "bytes"), 800);
    CHECK_INT(number_in(rest.text, "hash"), fnv1a(2166136261u, bytes + 500, 800));
    answer_free(&rest);
    host_do(handle, "test.source.close", "{\"source\":%llu}", ID(source));
    record_wait(handle, &r, RTC_RECORD_SOURCE_ENDED, source);
    CHECK_INT(rtc_source_write(source, bytes, 1), RTC_ENDED); /* dead, and still safe */
    CHECK_INT(rtc_source_end(source), RTC_ENDED);
}

typedef struct writer {
    void *handle;
    uint64_t source;
    size_t total;
    uint32_t hash;
} writer;

/* Writes as fast as the source takes it, waiting for WRITABLE in between. */
static void *write_all(void *argument) {
    writer *w = argument;
    records *r = malloc(sizeof *r);
    r->size = r->at = 0;
    uint8_t bytes[3001];
    size_t sent = 0;
    unsigned seed = 7;
    w->hash = 2166136261u;
    while (sent < w->total) {
        size_t size = 1 + (size_t)rand_r(&seed) % sizeof bytes;
        if (size > w->total - sent) size = w->total - sent;
        for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)rand_r(&seed);
        w->hash = fnv1a(w->hash, bytes, size);
        size_t given = 0;
        while (given < size) {
            int64_t taken = rtc_source_write(w->source, bytes + given, size - given);
            CHECK(taken >= 0);
            given += (size_t)taken;
            if (given < size) record_wait(w->handle, r, RTC_RECORD_SOURCE_WRITABLE, w->source);
        }
        sent += size;
    }
    CHECK_INT(rtc_source_end(w->source), RTC_OK);
    free(r);
    return NULL;
}

static void source_stream(void *handle) {
    writer w = {.handle = handle, .source = open_source(handle, 5000), .total = 2000000};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, write_all, &w) == 0);
    char request[96];
    snprintf(request, sizeof request, "{\"source\":%llu,\"size\":100000000}", ID(w.source));
    answer a = host_call(handle, "test.source.read", request);
    pthread_join(thread, NULL);
    CHECK_INT(number_in(a.text, "bytes"), w.total);
    CHECK_INT(number_in(a.text, "hash"), w.hash);
    answer_free(&a);
    host_do(handle, "test.source.close", "{\"source\":%llu}", ID(w.source));
}

/* ---- Sinks --------------------------------------------------------------------------------------------------------- */

static void expect_pages(uint64_t sink, size_t buffer_size, size_t page, int first, int last) {
    uint8_t *buffer = malloc(buffer_size);
    size_t at = 0;
    size_t total = page * (size_t)(last - first + 1);
    while (at < total) {
        int64_t size = rtc_sink_read(sink, buffer, buffer_size);
        CHECK(size > 0);
        for (int64_t i = 0; i < size; i++, at++) CHECK_INT(buffer[i], (uint8_t)(first + (int)(at / page)));
    }
    CHECK_INT(at, total);
    free(buffer);
}

static void sink_basics(void *handle) {
    static records r;
    uint8_t buffer[100];
    CHECK_INT(rtc_sink_read(0, buffer, sizeof buffer), RTC_BAD_HANDLE);
    uint64_t sink = open_sink(handle, 10000);
    CHECK_INT(rtc_sink_read(sink, NULL, 5), RTC_BAD_ARGUMENT);
    CHECK_INT(rtc_sink_read(sink, buffer, 0), RTC_BAD_ARGUMENT);
    CHECK_INT(rtc_sink_read(sink, buffer, sizeof buffer), 0);
    host_do(handle, "test.sink.preface", "{\"sink\":%llu,\"size\":250}", ID(sink));
    record_wait(handle, &r, RTC_RECORD_SINK_READY, sink);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":77,\"count\":5}", ID(sink));
    CHECK_INT(rtc_sink_read(sink, buffer, 100), 100);
    CHECK_INT(rtc_sink_read(sink, buffer, 100), 100);
    for (int i = 0; i < 100; i++) CHECK_INT(buffer[i], 'H');
    /* 50 bytes of the preface are left; a page of 77 does not fit beside them, so it waits for the next read. */
    CHECK_INT(rtc_sink_read(sink, buffer, 100), 50);
    expect_pages(sink, 10, 77, 0, 1); /* smaller than a page */
    expect_pages(sink, 1000, 77, 2, 4);
    CHECK_INT(rtc_sink_read(sink, buffer, 100), 0);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":10,\"count\":1}", ID(sink));
    record_wait(handle, &r, RTC_RECORD_SINK_READY, sink); /* armed again */
    host_do(handle, "test.sink.end", "{\"sink\":%llu}", ID(sink));
    CHECK_INT(rtc_sink_read(sink, buffer, 100), 10); /* the rest comes first */
    CHECK_INT(rtc_sink_read(sink, buffer, 100), RTC_ENDED);
    CHECK_INT(rtc_sink_read(sink, buffer, 100), RTC_ENDED);
}

static void slow_reader(void *handle) {
    uint64_t sink = open_sink(handle, 10000);
    uint8_t buffer[50];
    host_do(handle, "test.sink.preface", "{\"sink\":%llu,\"size\":50}", ID(sink));
    /* Each page takes 200 + 16 bytes, so 46 fit. */
    answer a = host_call(handle, "test.sink.preface", "{\"sink\":1}");
    CHECK_INT(a.code, RTC_HANDLER_ERROR);
    answer_free(&a);
    CHECK_INT(host_number(handle, "dropped", "test.sink.write", "{\"sink\":%llu,\"size\":200,\"count\":100}", ID(sink)), 54);
    CHECK_INT(rtc_sink_read(sink, buffer, 50), 50);
    for (int i = 0; i < 50; i++) CHECK_INT(buffer[i], 'H'); /* the preface is never dropped */
    CHECK_INT(rtc_sink_read(sink, buffer, 50), 50);         /* a quarter of page 54 */
    CHECK_INT(buffer[0], 54);
    /* Dropping leaves the page that is half read in peace. */
    CHECK_INT(host_number(handle, "dropped_bytes", "test.sink.write", "{\"sink\":%llu,\"size\":200,\"count\":46}", ID(sink)), 45 * 200);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(rtc_sink_read(sink, buffer, 50), 50);
        CHECK_INT(buffer[0], 54);
        CHECK_INT(buffer[49], 54);
    }
    expect_pages(sink, 4096, 200, 0, 45);
    /* A page larger than the sink is dropped itself. */
    CHECK_INT(host_number(handle, "dropped", "test.sink.write", "{\"sink\":%llu,\"size\":20000,\"count\":1}", ID(sink)), 1);
    CHECK_INT(rtc_sink_read(sink, buffer, 50), 0);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":200,\"count\":3}", ID(sink));
    host_do(handle, "test.sink.end", "{\"sink\":%llu,\"discard\":true}", ID(sink));
    CHECK_INT(rtc_sink_read(sink, buffer, 50), RTC_ENDED);
}

typedef struct reader {
    void *handle;
    uint64_t sink;
    uint64_t bytes;
} reader;

static void *read_all(void *argument) {
    reader *self = argument;
    records *r = malloc(sizeof *r);
    r->size = r->at = 0;
    uint8_t buffer[1500];
    for (;;) {
        int64_t size = rtc_sink_read(self->sink, buffer, sizeof buffer);
        if (size == RTC_ENDED) break;
        CHECK(size >= 0);
        self->bytes += (uint64_t)size;
        if (size == 0) record_wait(self->handle, r, RTC_RECORD_SINK_READY, self->sink);
    }
    free(r);
    return NULL;
}

static void sink_stream(void *handle) {
    reader self = {.handle = handle, .sink = open_sink(handle, 20000)};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, read_all, &self) == 0);
    uint64_t dropped = 0;
    for (int i = 0; i < 300; i++)
        dropped += host_number(handle, "dropped_bytes", "test.sink.write", "{\"sink\":%llu,\"size\":311,\"count\":20}", ID(self.sink));
    host_do(handle, "test.sink.end", "{\"sink\":%llu}", ID(self.sink));
    pthread_join(thread, NULL);
    CHECK_INT(self.bytes + dropped, 300 * 20 * 311);
}

/* Streams left open end with their instance. */
static void shutdown_ends_streams(void) {
    void *handle = host_start(NULL);
    uint64_t source = open_source(handle, 100);
    uint64_t sink = open_sink(handle, 1000);
    uint8_t buffer[100] = {0};
    CHECK_INT(host_number(handle, "sources", "rtc.tables", "{}"), 1);
    CHECK_INT(host_number(handle, "sinks", "rtc.tables", "{}"), 1);
    CHECK_INT(rtc_source_write(source, buffer, 100), 100);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":50,\"count\":3}", ID(sink));
    host_stop(handle);
    CHECK_INT(rtc_source_write(source, buffer, 1), RTC_ENDED);
    CHECK_INT(rtc_sink_read(sink, buffer, sizeof buffer), RTC_ENDED);
    size_t size;
    int32_t result;
    do result = rtc_poll(handle, buffer, sizeof buffer, 0, &size);
    while (result == RTC_OK);
    CHECK_INT(result, RTC_ENDED);
}

static uint32_t random_below(uint32_t limit) {
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 33) % limit);
}

/* Sinks of odd sizes, pages up to more than a sink holds, reads of any size: what was written was read or is counted. */
static void sinks_of_any_size(void *handle) {
    static uint8_t buffer[8192];
    for (int round = 0; round < 40; round++) {
        uint32_t capacity = 1 + random_below(6000);
        uint64_t sink = host_number(handle, "sink", "test.sink.open", "{\"capacity\":%u}", capacity);
        uint64_t written = 0, dropped = 0, read = 0;
        for (int step = 0; step < 20; step++) {
            uint32_t size = 1 + random_below(capacity + capacity / 2);
            dropped += host_number(handle, "dropped_bytes", "test.sink.write",
                                   "{\"sink\":%llu,\"size\":%u,\"count\":1}", (unsigned long long)sink, size);
            written += size;
            for (uint32_t reads = random_below(4); reads > 0; reads--) {
                size_t wanted = 1 + random_below(capacity);
                int64_t got = rtc_sink_read(sink, buffer, wanted);
                CHECK(got >= 0 && (size_t)got <= wanted);
                read += (uint64_t)got;
            }
        }
        host_do(handle, "test.sink.end", "{\"sink\":%llu}", (unsigned long long)sink);
        int64_t got;
        while ((got = rtc_sink_read(sink, buffer, 1 + random_below(sizeof buffer - 1))) > 0) read += (uint64_t)got;
        CHECK_INT(got, RTC_ENDED);
        CHECK_INT(read + dropped, written);
    }
}

void test_media(void) {
    void *handle = host_start(NULL);
    source_basics(handle);
    source_stream(handle);
    sink_basics(handle);
    slow_reader(handle);
    sink_stream(handle);
    sinks_of_any_size(handle);
    CHECK_INT(host_number(handle, "sources", "rtc.tables", "{}"), 0);
    CHECK_INT(host_number(handle, "sinks", "rtc.tables", "{}"), 0);
    host_stop(handle);
    shutdown_ends_streams();
    CHECK_INT(rtc_live_allocations(), 0);
}
