/* table.c — handles: numbers for objects, safe to use after the object is gone. */
#include <stdlib.h>
#include <sys/random.h>

#include "core.h"

/*
 * A handle is generation << SLOT_BITS | slot. Slots live as long as the process, so a stale handle can always be
 * looked at; the generation in the slot's word tells it from the living one. A word holds generation, a closed bit
 * and the reference count, so that "still this object, and one more reference" is a single compare and swap.
 */
enum { SLOT_BITS = 16, SLOTS = 1 << SLOT_BITS, REFERENCE_BITS = 27 };

#define REFERENCE_MASK ((UINT64_C(1) << REFERENCE_BITS) - 1)
#define CLOSED_BIT (UINT64_C(1) << REFERENCE_BITS)
#define GENERATION_SHIFT (REFERENCE_BITS + 1)

typedef struct slot {
    _Alignas(CACHE_LINE) _Atomic uint64_t word;
    border_object *_Atomic object;
    uint32_t next_free;
} slot;

static slot slots[SLOTS];
static uint32_t first_free; /* index + 1; 0: none */
static uint32_t unused;     /* slots from here on were never given out */
static uint64_t base_generation;
static _Alignas(CACHE_LINE) _Atomic uint64_t last_id; /* each request takes one */
static _Alignas(CACHE_LINE) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose_bases(void) {
    uint64_t random[2] = {0};
    /* Without entropy the handles start low, which is less odd but no less right. */
    if (getrandom(random, sizeof random, GRND_NONBLOCK) < 0) random[0] = random[1] = 0;
    base_generation = 1 + (random[0] & ((UINT64_C(1) << 34) - 1));
    atomic_store(&last_id, (UINT64_C(1) << 52) + (random[1] & ((UINT64_C(1) << 50) - 1)));
}

uint64_t next_id(void) {
    pthread_once(&once, choose_bases);
    return atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
}

bool object_register(border_object *object, uint8_t kind, void (*destroy)(border_object *)) {
    pthread_once(&once, choose_bases);
    pthread_mutex_lock(&mutex);
    uint32_t index;
    if (first_free != 0) {
        index = first_free - 1;
        first_free = slots[index].next_free;
    } else if (unused < SLOTS) {
        index = unused;
        atomic_store(&slots[index].word, base_generation << GENERATION_SHIFT | CLOSED_BIT);
        unused++;
    } else {
        pthread_mutex_unlock(&mutex);
        return false;
    }
    pthread_mutex_unlock(&mutex);

    slot *place = &slots[index];
    uint64_t generation = atomic_load(&place->word) >> GENERATION_SHIFT;
    object->handle = generation << SLOT_BITS | index;
    object->kind = kind;
    object->destroy = destroy;
    atomic_store_explicit(&place->object, object, memory_order_relaxed);
    atomic_store_explicit(&place->word, generation << GENERATION_SHIFT | 1, memory_order_release);
    return true;
}

void *object_acquire(uint64_t handle, uint8_t kind) {
    if (process_is_forked()) return NULL;
    slot *place = &slots[handle & (SLOTS - 1)];
    uint64_t generation = handle >> SLOT_BITS;
    uint64_t word = atomic_load_explicit(&place->word, memory_order_relaxed);
    do {
        if (generation == 0 || word >> GENERATION_SHIFT != generation || (word & CLOSED_BIT) != 0 ||
            (word & REFERENCE_MASK) == REFERENCE_MASK)
            return NULL;
    } while (!atomic_compare_exchange_weak_explicit(&place->word, &word, word + 1, memory_order_acquire,
                                                    memory_order_relaxed));
    border_object *object = atomic_load_explicit(&place->object, memory_order_relaxed);
    if (object->kind == kind) return object;
    object_release(object);
    return NULL;
}

void object_retain(border_object *object) {
    atomic_fetch_add_explicit(&slots[object->handle & (SLOTS - 1)].word, 1, memory_order_relaxed);
}

void object_release(border_object *object) {
    uint32_t index = (uint32_t)(object->handle & (SLOTS - 1));
    slot *place = &slots[index];
    uint64_t word = atomic_fetch_sub_explicit(&place->word, 1, memory_order_acq_rel) - 1;
    if ((word & REFERENCE_MASK) != 0) return;

    object->destroy(object);
    pthread_mutex_lock(&mutex);
    atomic_store_explicit(&place->object, NULL, memory_order_relaxed);
    atomic_store(&place->word, ((word >> GENERATION_SHIFT) + 1) << GENERATION_SHIFT | CLOSED_BIT);
    place->next_free = first_free;
    first_free = index + 1;
    pthread_mutex_unlock(&mutex);
}

bool object_close(border_object *object) {
    slot *place = &slots[object->handle & (SLOTS - 1)];
    if ((atomic_fetch_or(&place->word, CLOSED_BIT) & CLOSED_BIT) != 0) return false;
    object_release(object); /* the maker's */
    return true;
}

bool handle_is_dead(uint64_t handle) {
    if (process_is_forked()) return true;
    uint64_t generation = handle >> SLOT_BITS;
    uint64_t word = atomic_load(&slots[handle & (SLOTS - 1)].word);
    uint64_t current = word >> GENERATION_SHIFT;
    if (current == 0 || generation < base_generation) return false;
    return generation < current || (generation == current && (word & CLOSED_BIT) != 0 && (word & REFERENCE_MASK) != 0);
}
