// json.c — enough JSON to check a document and to find members of an object.
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct {
    const char *at, *end;
    int depth;
} scanner;

static void skip_space(scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
        s->at++;
    }
}

static bool take(scanner *s, char c) {
    skip_space(s);
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

static bool scan_string(scanner *s) {
    if (!take(s, '"')) {
        return false;
    }
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;
        if (c == '"') {
            return true;
        }
        if (c < 0x20 || (c == '\\' && (s->at == s->end || !strchr("\"\\/bfnrtu", *s->at++)))) {
            return false;
        }
    }
    return false;
}

static bool scan_value(scanner *s);

static bool scan_members(scanner *s, bool named, char close) {
    if (++s->depth > MAX_DEPTH) {
        return false;
    }
    if (!take(s, close)) {
        do {
            if (named && !(scan_string(s) && take(s, ':'))) {
                return false;
            }
            if (!scan_value(s)) {
                return false;
            }
        } while (take(s, ','));
        if (!take(s, close)) {
            return false;
        }
    }
    s->depth--;
    return true;
}

static bool scan_word(scanner *s, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0) {
        return false;
    }
    s->at += len;
    return true;
}

static bool scan_number(scanner *s) {
    const char *start = s->at;
    while (s->at < s->end && (strchr("+-.eE", *s->at) || (*s->at >= '0' && *s->at <= '9')) && *s->at) {
        s->at++;
    }
    return s->at > start;
}

static bool scan_value(scanner *s) {
    skip_space(s);
    if (s->at == s->end) {
        return false;
    }
    switch (*s->at) {
    case '{': s->at++; return scan_members(s, true, '}');
    case '[': s->at++; return scan_members(s, false, ']');
    case '"': return scan_string(s);
    case 't': return scan_word(s, "true");
    case 'f': return scan_word(s, "false");
    case 'n': return scan_word(s, "null");
    default: return scan_number(s);
    }
}

bool json_valid(slice document) {
    scanner s = {document.data, document.data + document.len, 0};
    if (!scan_value(&s)) {
        return false;
    }
    skip_space(&s);
    return s.at == s.end;
}

slice json_member(slice object, const char *name) {
    scanner s = {object.data, object.data + object.len, 0};
    size_t len = strlen(name);
    if (!object.data || !take(&s, '{')) {
        return (slice){0};
    }
    do {
        skip_space(&s);
        const char *key = s.at + 1;
        if (!scan_string(&s)) {
            break;
        }
        bool match = (size_t)(s.at - 1 - key) == len && memcmp(key, name, len) == 0;
        if (!take(&s, ':')) {
            break;
        }
        skip_space(&s);
        const char *value = s.at;
        if (!scan_value(&s)) {
            break;
        }
        if (match) {
            return (slice){value, (size_t)(s.at - value)};
        }
    } while (take(&s, ','));
    return (slice){0};
}

// How many UTF-8 bytes the string has once its escapes are resolved.
bool json_string_length(slice value, size_t *bytes) {
    if (!value.data || value.data[0] != '"') {
        return false;
    }
    size_t count = 0;
    for (size_t i = 1; i + 1 < value.len; i++, count++) {
        if (value.data[i] != '\\') {
            continue;
        }
        if (value.data[++i] != 'u') {
            continue;
        }
        char digits[5] = {0};
        memcpy(digits, value.data + i + 1, 4);
        unsigned long unit = strtoul(digits, NULL, 16);
        i += 4;
        if (unit >= 0xD800 && unit < 0xDC00) {
            i += 6; // the low half follows as \uXXXX
            count += 3;
        } else {
            count += unit < 0x80 ? 0 : unit < 0x800 ? 1 : 2;
        }
    }
    *bytes = count;
    return true;
}

bool json_integer(slice value, int64_t *number) {
    if (!value.data || value.len > 24 || !(value.data[0] == '-' || (value.data[0] >= '0' && value.data[0] <= '9'))) {
        return false;
    }
    char digits[25] = {0};
    memcpy(digits, value.data, value.len);
    *number = strtoll(digits, NULL, 10);
    return true;
}

bool json_bool(slice value) { return value.len == 4 && memcmp(value.data, "true", 4) == 0; }
