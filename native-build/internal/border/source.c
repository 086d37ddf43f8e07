/* source.c — bytes from the host to Go: a ring with one writer and one reader, without a lock. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

typedef struct border_source {
    border_stream stream;
    border_node node; /* in the queue into Go while a waiting reader has not heard of new bytes */
    _Atomic bool node_queued;
    _Atomic bool ended;  /* the host gives no more */
    _Atomic bool closed; /* Go takes no more */
    size_t capacity;
    uint8_t *bytes;
    _Alignas(CACHE_LINE) _Atomic uint64_t written;
    _Atomic bool writing;
    _Atomic bool writer_refused;
    _Alignas(CACHE_LINE) _Atomic uint64_t read;
    _Atomic bool reader_waits;
} border_source;

static void source_destroy(border_object *object) {
    border_source *source = (border_source *)object;
    stream_forget(&source->stream);
    free(source->bytes);
    free(source);
}

void *border_source_open(uint64_t handle, size_t capacity) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return NULL;
    border_source *source = aligned_alloc(CACHE_LINE, sizeof *source);
    if (source != NULL) {
        memset(source, 0, sizeof *source);
        source->node.kind = BORDER_NODE_SOURCE;
        source->capacity = capacity;
        source->bytes = malloc(capacity);
        if (source->bytes == NULL || !stream_open(&source->stream, instance, KIND_SOURCE, source_destroy)) {
            free(source->bytes);
            free(source);
            source = NULL;
        } else {
            object_retain(&source->stream.object); /* Go's */
        }
    }
    object_release(&instance->object);
    return source;
}

uint64_t border_source_id(void *source) {
    return ((border_source *)source)->stream.object.handle;
}

/* ---- The host's side --------------------------------------------------------------------------------------------- */

static void wake_reader(border_source *source) {
    if (!atomic_exchange(&source->reader_waits, false)) return;
    if (atomic_exchange(&source->node_queued, true)) return; /* the one on its way will do */
    object_retain(&source->stream.object);
    queue_push(&source->node);
}

uint64_t source_node_taken(border_node *node) {
    border_source *source = (border_source *)((char *)node - offsetof(border_source, node));
    uint64_t handle = source->stream.object.handle;
    atomic_store(&source->node_queued, false);
    object_release(&source->stream.object);
    return handle;
}

/* Copies what there is room for. */
static size_t put(border_source *source, const uint8_t *data, size_t size) {
    uint64_t written = atomic_load_explicit(&source->written, memory_order_relaxed);
    size_t room = source->capacity - (size_t)(written - atomic_load(&source->read));
    if (size > room) size = room;
    size_t offset = (size_t)(written % source->capacity);
    size_t first = size < source->capacity - offset ? size : source->capacity - offset;
    memcpy(source->bytes + offset, data, first);
    memcpy(source->bytes, data + first, size - first);
    atomic_store(&source->written, written + size);
    return size;
}

static int64_t write_bytes(border_source *source, const uint8_t *data, size_t size) {
    if (atomic_load(&source->ended) || atomic_load(&source->closed)) return RTC_ENDED;
    size_t taken = size > 0 ? put(source, data, size) : 0;
    if (taken < size) {
        /* Said before the second look, so that a reader who makes room after it does not stay silent. */
        atomic_store(&source->writer_refused, true);
        taken += put(source, data + taken, size - taken);
        if (taken == size) atomic_store(&source->writer_refused, false);
    }
    if (taken > 0) wake_reader(source);
    return (int64_t)taken;
}

int64_t source_write(border_instance *instance, uint64_t handle, const uint8_t *data, size_t size) {
    border_source *source = object_acquire(handle, KIND_SOURCE);
    if (source == NULL) return handle_is_dead(handle) ? RTC_ENDED : RTC_BAD_HANDLE;
    int64_t result = RTC_BUSY;
    if (instance != NULL && source->stream.instance != instance) {
        result = RTC_BAD_HANDLE;
    } else if (!atomic_exchange(&source->writing, true)) {
        result = write_bytes(source, data, size);
        atomic_store(&source->writing, false);
    }
    object_release(&source->stream.object);
    return result;
}

int64_t rtc_source_write(uint64_t source, const uint8_t *data, size_t size) {
    if (data == NULL && size > 0) return RTC_BAD_ARGUMENT;
    return source_write(NULL, source, data, size);
}

int32_t rtc_source_end(uint64_t handle) {
    border_source *source = object_acquire(handle, KIND_SOURCE);
    if (source == NULL) return handle_is_dead(handle) ? RTC_ENDED : RTC_BAD_HANDLE;
    int32_t result = atomic_exchange(&source->ended, true) ? RTC_ENDED : RTC_OK;
    wake_reader(source);
    object_release(&source->stream.object);
    return result;
}

/* ---- Go's side --------------------------------------------------------------------------------------------------- */

static size_t get(border_source *source, uint8_t *buffer, size_t capacity) {
    uint64_t read = atomic_load_explicit(&source->read, memory_order_relaxed);
    size_t size = (size_t)(atomic_load(&source->written) - read);
    if (size > capacity) size = capacity;
    size_t offset = (size_t)(read % source->capacity);
    size_t first = size < source->capacity - offset ? size : source->capacity - offset;
    memcpy(buffer, source->bytes + offset, first);
    memcpy(buffer + first, source->bytes, size - first);
    atomic_store(&source->read, read + size);
    return size;
}

/* Tells a host that was refused, once there is room for more than a crumb. */
static void tell_writer(border_source *source) {
    if (!atomic_load(&source->writer_refused)) return;
    size_t used = (size_t)(atomic_load(&source->written) - atomic_load(&source->read));
    if (source->capacity - used < (source->capacity + 3) / 4) return;
    if (atomic_exchange(&source->writer_refused, false)) stream_notify(&source->stream, NOTICE_WRITABLE);
}

int64_t border_source_read(void *opaque, void *buffer, size_t capacity) {
    border_source *source = opaque;
    size_t size = get(source, buffer, capacity);
    if (size == 0) {
        /* The end is looked at before the second look for bytes: those given before it must not be missed. */
        atomic_store(&source->reader_waits, true);
        bool ended = atomic_load(&source->ended) || atomic_load(&source->closed);
        size = get(source, buffer, capacity);
        if (size == 0) return ended ? -1 : 0;
        atomic_store(&source->reader_waits, false);
    }
    tell_writer(source);
    return (int64_t)size;
}

void source_shut(border_stream *stream) {
    border_source *source = (border_source *)stream;
    if (atomic_exchange(&source->closed, true)) return;
    wake_reader(source);
    stream_notify(stream, NOTICE_ENDED);
    stream_close(stream);
}

void border_source_release(void *source) {
    border_stream *stream = source;
    source_shut(stream);
    object_release(&stream->object);
}
