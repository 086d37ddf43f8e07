/* host.h — a small C host and checks, for the tests of the border. */
#ifndef HOST_H
#define HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtc.h"

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: in %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition); \
            abort();                                                                           \
        }                                                                                      \
    } while (0)

#define CHECK_INT(actual, expected)                                                                     \
    do {                                                                                                \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                     \
        if (actual_ != expected_) {                                                                     \
            fprintf(stderr, "%s:%d: in %s: %s is %lld, not %lld\n", __FILE__, __LINE__, __func__, #actual, \
                    actual_, expected_);                                                                \
            abort();                                                                                    \
        }                                                                                               \
    } while (0)

/* An answer copied into the host's memory, NUL-terminated. */
typedef struct answer {
    uint32_t code;
    size_t size;
    char *text;
} answer;

void *host_start(const char *config);
void host_stop(void *handle);
answer host_call(void *handle, const char *tag, const char *request);
/* Calls, wants success, and forgets the answer. */
void host_do(void *handle, const char *tag, const char *request, ...) __attribute__((format(printf, 3, 4)));
/* Calls, wants success, and returns the number after "name": in the answer. */
uint64_t host_number(void *handle, const char *name, const char *tag, const char *request, ...)
    __attribute__((format(printf, 4, 5)));
void answer_free(answer *a);
bool answer_has(const answer *a, const char *text);
uint64_t number_in(const char *text, const char *name);
double seconds(void);

/* Records taken by one rtc_poll. */
typedef struct records {
    _Alignas(8) uint8_t bytes[1 << 16];
    size_t size;
    size_t at;
} records;

/* The next record, polling for more when needed; null after timeout_ms without one or at the end (*ended). */
const rtc_record *record_next(void *handle, records *r, int32_t timeout_ms, bool *ended);
/* Waits at most 10 s for a record of this kind and id (0: any), dropping the others. */
const rtc_record *record_wait(void *handle, records *r, uint8_t kind, uint64_t id);
/* Event.seq of an event record. */
uint64_t event_seq(const rtc_record *record);
uint32_t fnv1a(uint32_t hash, const uint8_t *bytes, size_t size);

/* True when the tests run against the whole library, false against the C core with a stand-in for Go. */
bool host_has_go(void);

void test_calls(void);
void test_async(void);
void test_records(void);
void test_media(void);
void test_lifecycle(void);
void test_process(const char *program);
int run_and_exit(void);

#endif
