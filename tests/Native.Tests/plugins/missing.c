// missing.c — a library that exports only two of the plugin functions.
#include "plugin.h"

EXPORT void *plugin_create(void) { return (void *)1; }

EXPORT bool plugin_shutdown(void *handle) { return handle != 0; }
