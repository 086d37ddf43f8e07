/* ring.c — a ring of whole records. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

bool ring_init(record_ring *ring, size_t capacity) {
    memset(ring, 0, sizeof *ring);
    ring->capacity = capacity & ~(size_t)7;
    ring->bytes = malloc(ring->capacity);
    return ring->bytes != NULL;
}

void ring_free(record_ring *ring) {
    free(ring->bytes);
    memset(ring, 0, sizeof *ring);
}

size_t record_bytes(size_t payload) {
    return sizeof(rtc_record) + ((payload + 7) & ~(size_t)7);
}

static bool fits(const record_ring *ring, size_t size) {
    if (ring->wrapped) return ring->head - ring->tail >= size;
    return ring->capacity - ring->tail >= size || ring->head >= size;
}

const rtc_record *ring_peek(const record_ring *ring) {
    return ring->count == 0 ? NULL : (const rtc_record *)(ring->bytes + ring->head);
}

static void consume(record_ring *ring, size_t size, size_t count) {
    ring->head += size;
    ring->used -= size;
    ring->count -= count;
    if (ring->wrapped && ring->head == ring->wrap) {
        ring->head = 0;
        ring->wrapped = false;
    }
    if (ring->count == 0) ring->head = ring->tail = 0;
}

void ring_pop(record_ring *ring) {
    consume(ring, record_bytes(ring_peek(ring)->size), 1);
}

bool ring_push(record_ring *ring, rtc_record head, const void *payload, size_t *dropped, size_t *dropped_bytes) {
    size_t size = record_bytes(head.size);
    if (size > ring->capacity) {
        *dropped += 1;
        *dropped_bytes += head.size;
        return false;
    }
    while (!fits(ring, size)) {
        *dropped += 1;
        *dropped_bytes += ring_peek(ring)->size;
        ring_pop(ring);
    }
    if (!ring->wrapped && ring->capacity - ring->tail < size) {
        ring->wrap = ring->tail;
        ring->wrapped = true;
        ring->tail = 0;
    }
    uint8_t *place = ring->bytes + ring->tail;
    memcpy(place, &head, sizeof head);
    memcpy(place + sizeof head, payload, head.size);
    memset(place + sizeof head + head.size, 0, size - sizeof head - head.size);
    ring->tail += size;
    ring->used += size;
    ring->count++;
    return true;
}

size_t ring_take(record_ring *ring, uint8_t *buffer, size_t capacity) {
    size_t end = ring->wrapped ? ring->wrap : ring->tail;
    size_t size = 0;
    size_t count = 0;
    while (count < ring->count && ring->head + size < end) {
        const rtc_record *record = (const rtc_record *)(ring->bytes + ring->head + size);
        size_t next = record_bytes(record->size);
        if (size + next > capacity) break;
        size += next;
        count++;
    }
    if (count == 0) return 0;
    memcpy(buffer, ring->bytes + ring->head, size);
    consume(ring, size, count);
    return size;
}
