/*
 * Rings of odd sizes take records of random ones, many of them as large as the ring or nearly so, and are compared with a
 * plain list after every step. SEED=n ROUNDS=n repeat or prolong it.
 */
#include "core.h"
#include "host.h"

enum { MAX_CAPACITY = 2048, MAX_RECORDS = MAX_CAPACITY / sizeof(rtc_record), STEPS = 400 };

typedef struct expected {
    uint64_t id;
    uint32_t size;
} expected;

/* What the ring should hold, oldest first. */
typedef struct model {
    expected records[MAX_RECORDS + 1];
    size_t count;
} model;

static uint64_t state;

static uint32_t random_below(uint32_t limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 33) % limit);
}

static void forget_oldest(model *m, size_t count) {
    CHECK(count <= m->count);
    memmove(m->records, m->records + count, (m->count - count) * sizeof *m->records);
    m->count -= count;
}

static uint8_t content(uint64_t id, size_t at) {
    return (uint8_t)(id * 31 + at);
}

static void check_record(const uint8_t *bytes, expected want) {
    rtc_record head;
    memcpy(&head, bytes, sizeof head);
    CHECK_INT(head.id, want.id);
    CHECK_INT(head.size, want.size);
    for (size_t i = 0; i < want.size; i++) CHECK_INT(bytes[sizeof head + i], content(want.id, i));
    for (size_t i = want.size; i < record_bytes(want.size) - sizeof head; i++) CHECK_INT(bytes[sizeof head + i], 0);
}

/* Half of the sizes are about that of the ring. */
static uint32_t random_size(size_t capacity) {
    uint32_t size = random_below((uint32_t)capacity + 64);
    if (random_below(2) == 0) return size / (1 + random_below(16));
    return (uint32_t)(capacity - (capacity < sizeof(rtc_record) ? capacity : sizeof(rtc_record))) + random_below(32) -
           (capacity > 64 ? random_below(32) : 0);
}

static void push(record_ring *ring, model *m, uint64_t id) {
    static uint8_t payload[2 * MAX_CAPACITY];
    uint32_t size = random_size(ring->capacity);
    for (size_t i = 0; i < size; i++) payload[i] = content(id, i);
    size_t dropped = 0, dropped_bytes = 0, bytes = 0;
    bool taken = ring_push(ring, (rtc_record){.size = size, .id = id}, payload, &dropped, &dropped_bytes);
    CHECK(taken == (record_bytes(size) <= ring->capacity));
    if (!taken) {
        CHECK_INT(dropped, 1);
        CHECK_INT(dropped_bytes, size);
        return;
    }
    CHECK(dropped <= m->count);
    for (size_t i = 0; i < dropped; i++) bytes += m->records[i].size;
    CHECK_INT(dropped_bytes, bytes);
    forget_oldest(m, dropped);
    m->records[m->count++] = (expected){id, size};
}

static void take(record_ring *ring, model *m) {
    static uint8_t buffer[MAX_CAPACITY + 64];
    size_t capacity = random_below((uint32_t)ring->capacity + 64);
    size_t size = ring_take(ring, buffer, capacity);
    CHECK(size <= capacity);
    size_t at = 0, count = 0;
    for (; at < size; count++) {
        CHECK(count < m->count);
        check_record(buffer + at, m->records[count]);
        at += record_bytes(m->records[count].size);
    }
    CHECK_INT(at, size);
    if (size == 0 && m->count > 0) CHECK(record_bytes(m->records[0].size) > capacity);
    forget_oldest(m, count);
}

static void round_of(size_t capacity) {
    record_ring ring;
    model m = {.count = 0};
    CHECK(ring_init(&ring, capacity));
    for (uint64_t step = 1; step <= STEPS; step++) {
        switch (random_below(4)) {
        case 0: take(&ring, &m); break;
        case 1:
            if (m.count == 0) break;
            ring_pop(&ring);
            forget_oldest(&m, 1);
            break;
        default: push(&ring, &m, step);
        }
        size_t used = 0;
        for (size_t i = 0; i < m.count; i++) used += record_bytes(m.records[i].size);
        CHECK_INT(ring.count, m.count);
        CHECK_INT(ring.used, used);
        const rtc_record *oldest = ring_peek(&ring);
        CHECK((oldest == NULL) == (m.count == 0));
        if (oldest != NULL) check_record((const uint8_t *)oldest, m.records[0]);
    }
    ring_free(&ring);
}

int main(void) {
    const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
    uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;
    uint64_t count = rounds != NULL ? strtoull(rounds, NULL, 10) : 3000;
    printf("%llu rings from SEED=%llu\n", (unsigned long long)count, (unsigned long long)first);
    fflush(stdout);
    for (uint64_t i = 0; i < count; i++) {
        state = (first + i) * 0x9E3779B97F4A7C15u;
        round_of(1 + random_below(MAX_CAPACITY));
    }
    return 0;
}
