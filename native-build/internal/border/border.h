/*
 * border.h — the C core as Go sees it. Everything here is called on Go threads and none of it waits for a host.
 */
#ifndef BORDER_H
#define BORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes out of the queue. */
enum {
    BORDER_NODE_CALL = 1,     /* a command */
    BORDER_NODE_CANCEL = 2,   /* the request with this id should stop */
    BORDER_NODE_INIT = 3,     /* payload: the configuration */
    BORDER_NODE_SHUTDOWN = 4, /* payload: milliseconds, as text */
    BORDER_NODE_CHECK = 5,    /* payload: is it JSON? */
    BORDER_NODE_SOURCE = 6,   /* a source has bytes for a reader that waits */
};

/* What plugin_init's configuration decides for the C side. */
typedef struct border_limits {
    uint64_t max_concurrent_ops; /* 0: no limit */
    uint64_t event_buffer_bytes;
    uint32_t call_timeout_ms;
    uint32_t shutdown_timeout_ms;
} border_limits;

/* One thing from the queue, without pointers that Go would have to trust: view is opaque. */
typedef struct border_work {
    void *request; /* to be given back once: border_answer; null for SOURCE and CANCEL */
    uint64_t instance;
    uint64_t id; /* of the request, or of the source */
    const char *tag;
    const uint8_t *payload; /* valid until border_answer */
    size_t tag_size;
    size_t payload_size;
    uint32_t kind;
} border_work;

typedef struct border_counts {
    uint64_t events_dropped;
    uint64_t event_bytes_queued;
    uint64_t requests;
    uint32_t sources;
    uint32_t sinks;
} border_counts;

/* The queue. border_open returns a non-blocking descriptor that becomes readable when Go has to look, or -errno. */
int border_open(void);
/* Takes what is queued, oldest first, and points *work at it until the next call. While calls follow each other closely
 * it watches for some microseconds before it says 0. */
size_t border_take(const border_work **work);
/* Says that Go will wait for the descriptor; false when there is something to take after all. */
bool border_sleep(void);

/* Answers a request and gives it back; data is copied. False when nobody waits for the answer any more. */
bool border_answer(void *request, uint32_t code, const void *data, size_t size);

/* Instances. */
/* False when there is no memory for the events. */
bool border_configure(uint64_t instance, const border_limits *limits, uint32_t log_level);
void border_fail(uint64_t instance);
uint32_t border_log_level(uint64_t instance);
void border_log(uint64_t instance, uint32_t level, const char *target, size_t target_size, const char *message,
                size_t message_size);
bool border_event(uint64_t instance, uint64_t session, const void *payload, size_t size);
void border_count(uint64_t instance, border_counts *counts);
uint64_t border_next_id(void);

/* Sources and sinks: opaque, held by Go until border_…_release. Null when the instance is gone or the table is full. */
void *border_source_open(uint64_t instance, size_t capacity);
uint64_t border_source_id(void *source);
/* Bytes taken; 0: none now, and a SOURCE node follows; -1: the host has ended it and all was read. */
int64_t border_source_read(void *source, void *buffer, size_t capacity);
void border_source_release(void *source);

void *border_sink_open(uint64_t instance, size_t capacity);
uint64_t border_sink_id(void *sink);
/* Bytes that come first and are never dropped; only before the first page. */
bool border_sink_preface(void *sink, const void *bytes, size_t size);
bool border_sink_write(void *sink, const void *page, size_t size, size_t *dropped, size_t *dropped_bytes);
/* No more pages come; with discard, what the host has not read is thrown away. */
void border_sink_end(void *sink, bool discard);
void border_sink_release(void *sink);
/* Throws away what the host has not read of a sink that ended. */
bool border_sink_discard(uint64_t sink);

#endif
