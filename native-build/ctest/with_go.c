/* Linked into the tests of the whole library. */
#include "host.h"

bool host_has_go(void) {
    return true;
}
