/* What the border costs a C host. On a busy machine read the best row: the others measure the neighbours. */
#include <pthread.h>

#include "host.h"

enum { ROUNDS = 5, CALLS = 20000 };

static const char echo[] = "{\"message\":\"benchmark test\"}";
static double times[CALLS];
static void *handle;

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static void one_call(void) {
    FfiBuffer buffer = plugin_call(handle, "echo", (const uint8_t *)echo, sizeof echo - 1);
    CHECK_INT(buffer.error_code, RTC_SUCCESS);
    plugin_free_buffer(&buffer);
}

static void calls_one_by_one(void) {
    for (int i = 0; i < CALLS; i++) {
        double start = seconds();
        one_call();
        times[i] = seconds() - start;
    }
    qsort(times, CALLS, sizeof *times, by_size);
    printf("plugin_call echo, 1 thread      p50 %6.2f us   p99 %7.2f us\n", times[CALLS / 2] * 1e6,
           times[CALLS * 99 / 100] * 1e6);
}

static void *call_often(void *unused) {
    (void)unused;
    for (int i = 0; i < CALLS; i++) one_call();
    return NULL;
}

static void calls_of_many_threads(void) {
    pthread_t threads[8];
    double start = seconds();
    for (int i = 0; i < 8; i++) CHECK(pthread_create(&threads[i], NULL, call_often, NULL) == 0);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    printf("plugin_call echo, 8 threads     %10.0f calls/s\n", 8 * CALLS / (seconds() - start));
}

static void states(void) {
    double start = seconds();
    for (int i = 0; i < CALLS; i++) CHECK_INT(plugin_get_state(handle), RTC_STATE_ACTIVE);
    printf("plugin_get_state                %10.1f ns\n", (seconds() - start) / CALLS * 1e9);
}

/* Into a source that nobody reads, so that Go has no part in it. */
static void source_writes(void) {
    uint64_t source = host_number(handle, "source", "test.source.open", "{\"capacity\":%d}", CALLS * 200);
    uint8_t packet[200] = {0};
    double start = seconds();
    for (int i = 0; i < CALLS; i++) CHECK_INT(rtc_source_write(source, packet, sizeof packet), sizeof packet);
    printf("rtc_source_write 200 bytes      %10.1f ns\n", (seconds() - start) / CALLS * 1e9);
    host_do(handle, "test.source.close", "{\"source\":%llu}", (unsigned long long)source);
}

static void sink_reads(void) {
    uint64_t sink = host_number(handle, "sink", "test.sink.open", "{\"capacity\":%d}", CALLS * 224);
    host_do(handle, "test.sink.write", "{\"sink\":%llu,\"size\":200,\"count\":%d}", (unsigned long long)sink, CALLS);
    uint8_t buffer[4096];
    int64_t size;
    int64_t total = 0;
    double start = seconds();
    while ((size = rtc_sink_read(sink, buffer, sizeof buffer)) > 0) total += size;
    printf("rtc_sink_read, a page of 200    %10.1f ns\n", (seconds() - start) / CALLS * 1e9);
    CHECK_INT(total, CALLS * 200);
    host_do(handle, "test.sink.end", "{\"sink\":%llu}", (unsigned long long)sink);
}

static void polled_events(void) {
    static uint8_t buffer[1 << 20];
    size_t size;
    size_t total = 0;
    host_do(handle, "test.emit", "{\"session\":1,\"count\":%d,\"size\":100}", CALLS);
    double start = seconds();
    while (rtc_poll(handle, buffer, sizeof buffer, 0, &size) == RTC_OK && size > 0) total += size;
    printf("rtc_poll, an event of 100 bytes %10.1f ns\n", (seconds() - start) / CALLS * 1e9);
    CHECK(total > (size_t)CALLS * 100);
}

int main(void) {
    handle = host_start("{\"data\":{\"event_buffer_bytes\":16777216}}");
    for (int round = 0; round < ROUNDS; round++) {
        calls_one_by_one();
        calls_of_many_threads();
        states();
        source_writes();
        sink_reads();
        polled_events();
    }
    host_stop(handle);
    return 0;
}
