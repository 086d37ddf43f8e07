#ifndef HEADROOM_THREADS_H
#define HEADROOM_THREADS_H

#include <stdbool.h>

/*
 * Keeps threads in reserve that do nothing. Go ends the process when it cannot have a thread that it needs; this library's
 * calls of pthread_create, Go's among them, take the place of one of these instead.
 */
enum { HEADROOM_RESERVE = 8, HEADROOM_SPARE = 8 };

/* Fills the reserve and answers how many threads it holds. */
int headroom_reserve(void);

/* Tells whether the reserve is full and so many threads more can be had now as HEADROOM_SPARE says. Safe from any thread. */
bool headroom_threads_left(void);

/* Of threads in reserve. */
int headroom_reserved(void);

#endif
