/*
 * core.h — what the C files of the border share. Go sees border.h only.
 *
 * Host threads and Go threads meet in this memory and nowhere else: no function here runs Go code on a host thread, or
 * host code on a Go thread. docs/abi.md draws the picture.
 */
#ifndef BORDER_CORE_H
#define BORDER_CORE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "border.h"
#include "rtc.h"

#define CACHE_LINE 64

/* What every host has been compiled against. */
_Static_assert(sizeof(FfiBuffer) == 32 && offsetof(FfiBuffer, error_code) == 24, "FfiBuffer is part of the ABI");
_Static_assert(sizeof(RbResponse) == 24 && offsetof(RbResponse, data) == 16, "RbResponse is part of the ABI");
_Static_assert(sizeof(rtc_record) == 16 && offsetof(rtc_record, id) == 8, "rtc_record is part of the ABI");

/* Bounds. */
enum {
    MAX_TAG_BYTES = 256,
    MAX_REQUEST_BYTES = 64 << 20,
    MAX_REQUESTS_BYTES = 256 << 20, /* of all requests without an answer */
    MAX_QUEUED_REQUESTS = 65536,
    MAX_QUEUED_LOG_BYTES = 4 << 20, /* of an instance */
    MAX_LOG_LINE_BYTES = 16384,
    INIT_TIMEOUT_MS = 30000,
    /* What one hold of a lock may copy of many records, so that no thread waits long for another's memcpy. */
    COPY_CHUNK_BYTES = 16384,
};

/* ---- table.c: handles ------------------------------------------------------------------------------------------- */

/*
 * The head of everything a handle names. Each reference keeps the object; closing it makes the handle dead for later
 * look-ups and destroys the object once the last reference is gone.
 */
typedef struct border_object {
    uint64_t handle;
    uint8_t kind;
    void (*destroy)(struct border_object *);
} border_object;

enum { KIND_PLUGIN = 1, KIND_INSTANCE = 2, KIND_SOURCE = 3, KIND_SINK = 4 };

/* Gives object a handle and one reference, that of its maker. False when the table is full. */
bool object_register(border_object *object, uint8_t kind, void (*destroy)(border_object *));
/* The object with one more reference, or null. */
void *object_acquire(uint64_t handle, uint8_t kind);
void object_retain(border_object *object);
void object_release(border_object *object);
/* Kills the handle and gives the maker's reference back. True for the one caller that did it, who needs a reference
 * of its own. Every object is closed before its last reference goes. */
bool object_close(border_object *object);
/* True when the handle was given out once and is dead now. */
bool handle_is_dead(uint64_t handle);
/* A number below 2^53 that no other call returns, from a base that differs in each process. */
uint64_t next_id(void);

/* ---- futex.c: waiting ------------------------------------------------------------------------------------------- */

/* Monotonic nanoseconds. */
uint64_t now_ns(void);
/* The instant timeout_ms from now; UINT64_MAX for a negative timeout, which never comes. */
uint64_t deadline_after(int64_t timeout_ms);
/* Sleeps while *word is expected. False once the deadline has passed; may also return early. */
bool futex_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);
void futex_wake_all(_Atomic uint32_t *word);
static inline void spin_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

enum { SPIN_FULL_TRUST = 16 };

/* What one side has learnt about spinning. */
typedef struct spin_trust {
    _Alignas(CACHE_LINE) _Atomic int level;
    _Atomic uint32_t skipped;
} spin_trust;

bool spin_pays(spin_trust *trust);
void spin_learn(spin_trust *trust, bool worked);
/* Spins until *word leaves expected, for some microseconds at most, and only when a core is likely to be free. */
bool spin_while(_Atomic uint32_t *word, uint32_t expected);

/* ---- ring.c: records in a ring ---------------------------------------------------------------------------------- */

/* A ring of whole records, each contiguous and ready to be copied out. Needs a lock around it. */
typedef struct record_ring {
    uint8_t *bytes;
    size_t capacity;
    size_t head;
    size_t tail;
    size_t wrap; /* where the records before the wrap end, while wrapped */
    bool wrapped;
    size_t used;
    size_t count;
} record_ring;

bool ring_init(record_ring *ring, size_t capacity);
void ring_free(record_ring *ring);
/* Bytes a record with this payload takes. */
size_t record_bytes(size_t payload);
/* Appends a record, dropping the oldest ones for it; these are added to *dropped and *dropped_bytes (payload bytes).
 * False when the record is larger than the ring: then it is the one dropped. */
bool ring_push(record_ring *ring, rtc_record head, const void *payload, size_t *dropped, size_t *dropped_bytes);
/* The oldest record, or null. */
const rtc_record *ring_peek(const record_ring *ring);
void ring_pop(record_ring *ring);
/* Copies whole records, at most capacity bytes, and removes them. */
size_t ring_take(record_ring *ring, uint8_t *buffer, size_t capacity);

/* ---- instance.c, records.c -------------------------------------------------------------------------------------- */

struct border_stream;

/* Records that wait for rtc_poll. */
typedef struct border_records {
    pthread_mutex_t mutex;
    _Atomic uint32_t wakeups; /* futex of the poller */
    bool poller_waits;
    bool ended; /* nothing may be added any more */
    record_ring events;
    struct border_request *first_completion;
    struct border_request *last_completion;
    struct border_stream *first_notice;
    struct border_stream *last_notice;
    uint64_t events_dropped;
} border_records;

typedef struct border_instance {
    border_object object;
    _Atomic uint32_t state;
    _Atomic uint32_t log_level;
    plugin_log_callback log;
    border_limits limits;
    _Atomic bool polling;
    _Alignas(CACHE_LINE) _Atomic uint64_t permits; /* requests that count towards max_concurrent_ops */
    _Atomic uint64_t rejected;
    _Alignas(CACHE_LINE) border_records records;
    /* Guarded by records.mutex. */
    struct border_request *running; /* asynchronous requests without an answer */
    struct border_stream *streams;  /* open sources and sinks */
    bool streams_closed;
    uint32_t sources; /* not closed */
    uint32_t sinks;
    /* Of the dispatcher, guarded by its mutex; callbacks is a futex too. */
    bool callbacks_closed;
    size_t log_bytes;           /* of the lines queued */
    uint64_t log_lines_dropped; /* since the last queued one */
    _Alignas(CACHE_LINE) _Atomic uint32_t callbacks; /* queued or running callbacks */
} border_instance;

void records_destroy(border_records *records);
/* Refuses further records and lets a waiting poller see the end. True when nothing is left to deliver. */
bool records_end(border_instance *instance);
void records_add_completion(border_instance *instance, struct border_request *request);
/* Takes a permit of max_concurrent_ops, or counts the refusal. */
bool instance_admit(border_instance *instance);
void instance_release_permit(border_instance *instance);

/* ---- request.c -------------------------------------------------------------------------------------------------- */

enum { DELIVER_TO_CALLER = 0, DELIVER_BY_CALLBACK = 1, DELIVER_BY_RECORD = 2 };

/* Something on its way into Go. */
typedef struct border_node {
    struct border_node *next;
    uint32_t kind; /* BORDER_NODE_… */
} border_node;

/* A queued callback. */
typedef struct dispatch_item {
    struct dispatch_item *next;
    border_instance *instance; /* holds a reference */
    void (*run)(struct dispatch_item *, bool deliver);
} dispatch_item;

/*
 * A request, on the heap because its caller may leave before Go has answered. Two references: the host side's and
 * Go's. state goes WAITING → (SLEEPING →) ANSWERED, or to ABANDONED when the caller left.
 */
typedef struct border_request {
    border_node node;
    _Atomic uint32_t references;
    _Atomic uint32_t state; /* futex of the caller */
    border_instance *instance;
    uint64_t id;
    uint8_t delivery;
    bool permit;
    _Atomic bool cancelled;
    plugin_completion_callback callback;
    void *context;
    uint8_t *answer; /* malloc memory */
    size_t answer_size;
    uint32_t code;
    dispatch_item item;
    struct border_request *next_completion;
    struct border_request *previous_running;
    struct border_request *next_running;
    size_t memory;
    size_t tag_size;
    size_t payload_size;
    uint8_t bytes[]; /* tag, NUL, payload */
} border_request;

/* Runs a request of the library itself (INIT, SHUTDOWN, CHECK) and waits. The answer is the caller's to free. */
uint32_t request_run_internal(border_instance *instance, uint32_t kind, const uint8_t *payload, size_t size,
                              uint64_t deadline, char **text);
void request_release(border_request *request);

/* ---- queue.c: the way into Go ----------------------------------------------------------------------------------- */

/* Puts node in the queue and wakes Go when it sleeps. */
void queue_push(border_node *node);
/* The source of a node taken from the queue; the node may be queued again afterwards. */
uint64_t source_node_taken(border_node *node);
/* Fills in what Go sees of node. Consumes nodes that need no answer. */
void node_describe(border_node *node, border_work *work);
/* As queue_push, but refuses when the queue is full. */
bool queue_push_bounded(border_node *node);

/* ---- stream.c: what sources and sinks share --------------------------------------------------------------------- */

enum { NOTICE_READY = 1, NOTICE_WRITABLE = 2, NOTICE_ENDED = 4 };

typedef struct border_stream {
    border_object object;
    border_instance *instance; /* holds a reference */
    struct border_stream *previous;
    struct border_stream *next;
    struct border_stream *next_notice;
    uint8_t notices; /* NOTICE_… not yet delivered */
    bool in_notices;
} border_stream;

bool stream_open(border_stream *stream, border_instance *instance, uint8_t kind, void (*destroy)(border_object *));
/* Kills the handle; the memory stays while a notice waits or somebody reads. The caller needs a reference. */
void stream_close(border_stream *stream);
/* Takes the stream out of its instance; for the destroy functions. */
void stream_forget(border_stream *stream);
/* Queues a notice for rtc_poll; at most one of each kind waits. */
void stream_notify(border_stream *stream, uint8_t notice);
/* Ends every stream of an instance that stops. */
void streams_end(border_instance *instance);
/* Writes for a host; instance may be null, else the source has to be one of its own. */
int64_t source_write(border_instance *instance, uint64_t handle, const uint8_t *data, size_t size);
void source_shut(border_stream *stream);
void sink_shut(border_stream *stream);

/* ---- dispatcher.c: callbacks ------------------------------------------------------------------------------------ */

/* Starts the thread of the callbacks unless it runs. */
bool dispatcher_start(void);
/* Queues item, which holds a reference on its instance; false when the instance takes no more callbacks. */
bool dispatcher_post(dispatch_item *item);
/* Lets no further callback in, waits for those queued until the deadline, then drops them. False when it had to. */
bool dispatcher_close(border_instance *instance, uint64_t deadline);

/* ---- process.c -------------------------------------------------------------------------------------------------- */

/* True in a child made by fork, where Go has no threads and every lock may be held by nobody. */
bool process_is_forked(void);
/* True once exit has begun: hosts must not be called back any more. */
bool process_exits(void);
/* The signals meant for the process and its host, not brought on by a thread itself: threads made here block them. */
void process_signals(sigset_t *signals);
void last_error_set(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *response_alloc(size_t size);
void response_count(int64_t change);
bool utf8_valid(const uint8_t *bytes, size_t size);

#endif
