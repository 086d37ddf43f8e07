/* stream.c — what sources and sinks have in common. */
#include "core.h"

static uint32_t *counter_of(border_stream *stream) {
    return stream->object.kind == KIND_SOURCE ? &stream->instance->sources : &stream->instance->sinks;
}

bool stream_open(border_stream *stream, border_instance *instance, uint8_t kind, void (*destroy)(border_object *)) {
    pthread_mutex_lock(&instance->records.mutex);
    bool opened = !instance->streams_closed && object_register(&stream->object, kind, destroy);
    if (opened) {
        object_retain(&instance->object);
        stream->instance = instance;
        stream->next = instance->streams;
        if (instance->streams != NULL) instance->streams->previous = stream;
        instance->streams = stream;
        ++*counter_of(stream);
    }
    pthread_mutex_unlock(&instance->records.mutex);
    return opened;
}

void stream_forget(border_stream *stream) {
    border_instance *instance = stream->instance;
    pthread_mutex_lock(&instance->records.mutex);
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        instance->streams = stream->next;
    if (stream->next != NULL) stream->next->previous = stream->previous;
    pthread_mutex_unlock(&instance->records.mutex);
    object_release(&instance->object);
}

void stream_close(border_stream *stream) {
    if (!object_close(&stream->object)) return;
    pthread_mutex_lock(&stream->instance->records.mutex);
    --*counter_of(stream);
    pthread_mutex_unlock(&stream->instance->records.mutex);
}

/* A stream that is still listed and not closed, with a reference; null when there is none, and never will be. */
static border_stream *next_open(border_instance *instance) {
    border_stream *found = NULL;
    pthread_mutex_lock(&instance->records.mutex);
    instance->streams_closed = true;
    for (border_stream *stream = instance->streams; stream != NULL && found == NULL; stream = stream->next)
        found = object_acquire(stream->object.handle, stream->object.kind);
    pthread_mutex_unlock(&instance->records.mutex);
    return found;
}

void streams_end(border_instance *instance) {
    border_stream *stream;
    while ((stream = next_open(instance)) != NULL) {
        if (stream->object.kind == KIND_SOURCE)
            source_shut(stream);
        else
            sink_shut(stream);
        object_release(&stream->object);
    }
}
