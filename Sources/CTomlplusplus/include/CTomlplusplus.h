// A C view of toml++: parse a document, then walk it (tables by the order of their keys).
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum __attribute__((enum_extensibility(closed))) toml_kind {
    TOML_TABLE,
    TOML_ARRAY,
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOLEAN,
    TOML_DATE,
    // Ends the table or array begun last.
    TOML_END
} toml_kind;

// Where something begins, both from 1; columns count code points.
typedef struct {
    uint32_t line;
    uint32_t column;
} toml_place;

// A node: bytes are borrowed for the call. The key is absent (NULL) in arrays, at the root and at an end; the text is
// the value of a scalar as TOML would write it (a string: its content).
typedef void (*toml_visitor)(
    void *context, toml_kind kind, const char *key, size_t key_length, toml_place key_place, const char *text,
    size_t text_length, toml_place place);

// Parses UTF-8 and visits every node. Returns 0, or -1 after calling `failed` once with the first mistake.
int toml_visit(
    const char *text, size_t length, void *context, toml_visitor visit,
    void (*failed)(void *context, const char *message, size_t message_length, toml_place place));

#ifdef __cplusplus
}
#endif
