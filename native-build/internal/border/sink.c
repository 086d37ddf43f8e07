/* sink.c — pages from Go to the host; a slow host loses the oldest whole ones. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

typedef struct border_sink {
    border_stream stream;
    _Atomic bool reading;
    pthread_mutex_t mutex;
    record_ring pages;
    bool ended;
    bool started;     /* a page was written */
    bool reader_idle; /* the host found nothing, or has not looked yet: the next page is news */
    /* Bytes before the pages: the preface, or the rest of a page larger than the host's buffer. */
    uint8_t *rest;
    size_t rest_size;
    size_t rest_read;
} border_sink;

static void sink_destroy(border_object *object) {
    border_sink *sink = (border_sink *)object;
    stream_forget(&sink->stream);
    ring_free(&sink->pages);
    free(sink->rest);
    pthread_mutex_destroy(&sink->mutex);
    free(sink);
}

void *border_sink_open(uint64_t handle, size_t capacity) {
    border_instance *instance = object_acquire(handle, KIND_INSTANCE);
    if (instance == NULL) return NULL;
    border_sink *sink = calloc(1, sizeof *sink);
    if (sink != NULL) {
        pthread_mutex_init(&sink->mutex, NULL);
        sink->reader_idle = true;
        if (!ring_init(&sink->pages, capacity) ||
            !stream_open(&sink->stream, instance, KIND_SINK, sink_destroy)) {
            ring_free(&sink->pages);
            pthread_mutex_destroy(&sink->mutex);
            free(sink);
            sink = NULL;
        } else {
            object_retain(&sink->stream.object); /* Go's */
        }
    }
    object_release(&instance->object);
    return sink;
}

uint64_t border_sink_id(void *sink) {
    return ((border_sink *)sink)->stream.object.handle;
}

/* ---- Go's side --------------------------------------------------------------------------------------------------- */

/* Unlocks, and tells the host when it waits for that. */
static void unlock_and_tell(border_sink *sink) {
    bool tell = sink->reader_idle;
    sink->reader_idle = false;
    pthread_mutex_unlock(&sink->mutex);
    if (tell) stream_notify(&sink->stream, NOTICE_READY);
}

bool border_sink_preface(void *opaque, const void *bytes, size_t size) {
    border_sink *sink = opaque;
    pthread_mutex_lock(&sink->mutex);
    uint8_t *grown = NULL;
    if (!sink->ended && !sink->started && sink->rest_read == 0) grown = realloc(sink->rest, sink->rest_size + size);
    if (grown == NULL) {
        pthread_mutex_unlock(&sink->mutex);
        return false;
    }
    memcpy(grown + sink->rest_size, bytes, size);
    sink->rest = grown;
    sink->rest_size += size;
    unlock_and_tell(sink);
    return true;
}

bool border_sink_write(void *opaque, const void *page, size_t size, size_t *dropped, size_t *dropped_bytes) {
    border_sink *sink = opaque;
    *dropped = *dropped_bytes = 0;
    pthread_mutex_lock(&sink->mutex);
    if (sink->ended) {
        pthread_mutex_unlock(&sink->mutex);
        return false;
    }
    sink->started = true;
    ring_push(&sink->pages, (rtc_record){.size = (uint32_t)size}, page, dropped, dropped_bytes);
    unlock_and_tell(sink);
    return true;
}

void border_sink_end(void *opaque, bool discard) {
    border_sink *sink = opaque;
    pthread_mutex_lock(&sink->mutex);
    sink->ended = true;
    unlock_and_tell(sink);
    if (discard) stream_close(&sink->stream);
}

void sink_shut(border_stream *stream) {
    border_sink_end(stream, true);
}

void border_sink_release(void *sink) {
    border_stream *stream = sink;
    object_release(&stream->object);
}

bool border_sink_discard(uint64_t handle) {
    border_sink *sink = object_acquire(handle, KIND_SINK);
    if (sink == NULL) return false;
    border_sink_end(sink, true);
    object_release(&sink->stream.object);
    return true;
}

/* ---- The host's side --------------------------------------------------------------------------------------------- */

static size_t take_rest(border_sink *sink, uint8_t *buffer, size_t capacity) {
    size_t size = sink->rest_size - sink->rest_read;
    if (size > capacity) size = capacity;
    if (size == 0) return 0;
    memcpy(buffer, sink->rest + sink->rest_read, size);
    sink->rest_read += size;
    if (sink->rest_read == sink->rest_size) {
        free(sink->rest);
        sink->rest = NULL;
        sink->rest_size = sink->rest_read = 0;
    }
    return size;
}

/* Moves the oldest page aside, to be read in parts: in the ring it could be dropped when half of it was read. */
static bool put_aside(border_sink *sink) {
    const rtc_record *page = ring_peek(&sink->pages);
    sink->rest = malloc(page->size);
    if (sink->rest == NULL) return false;
    memcpy(sink->rest, page + 1, page->size);
    sink->rest_size = page->size;
    sink->rest_read = 0;
    ring_pop(&sink->pages);
    return true;
}

/* Called and left with the mutex held, but lets go of it between pieces. */
static size_t take(border_sink *sink, uint8_t *buffer, size_t capacity) {
    size_t size = take_rest(sink, buffer, capacity);
    size_t piece = size;
    const rtc_record *page;
    while (size < capacity && (page = ring_peek(&sink->pages)) != NULL) {
        if (page->size > capacity - size) {
            if (size == 0 && put_aside(sink)) size = take_rest(sink, buffer, capacity);
            break;
        }
        memcpy(buffer + size, page + 1, page->size);
        size += page->size;
        piece += page->size;
        ring_pop(&sink->pages);
        if (piece < COPY_CHUNK_BYTES) continue;
        piece = 0;
        pthread_mutex_unlock(&sink->mutex);
        pthread_mutex_lock(&sink->mutex);
    }
    return size;
}

static int64_t read_bytes(border_sink *sink, uint8_t *buffer, size_t capacity) {
    pthread_mutex_lock(&sink->mutex);
    int64_t result = (int64_t)take(sink, buffer, capacity);
    bool over = result == 0 && sink->ended;
    if (result == 0) sink->reader_idle = !over;
    pthread_mutex_unlock(&sink->mutex);
    if (!over) return result;
    stream_close(&sink->stream);
    return RTC_ENDED;
}

int64_t rtc_sink_read(uint64_t handle, uint8_t *buffer, size_t capacity) {
    if (buffer == NULL || capacity == 0) return RTC_BAD_ARGUMENT;
    border_sink *sink = object_acquire(handle, KIND_SINK);
    if (sink == NULL) return handle_is_dead(handle) ? RTC_ENDED : RTC_BAD_HANDLE;
    int64_t result = RTC_BUSY;
    if (!atomic_exchange(&sink->reading, true)) {
        result = read_bytes(sink, buffer, capacity);
        atomic_store(&sink->reading, false);
    }
    object_release(&sink->stream.object);
    return result;
}
