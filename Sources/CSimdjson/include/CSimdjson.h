#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reusable parser with its buffers. For one thread at a time.
typedef struct CSimdjsonParser CSimdjsonParser;

/// What a parse left behind, valid until the parser's next parse or its end.
typedef struct {
    /// The document in the form of simdjson's doc/tape.md; element 1 is the document's value.
    const uint64_t *tape;
    /// The strings, each a 4-byte little-endian length and its bytes.
    const uint8_t *strings;
} CSimdjsonDocument;

typedef enum CSimdjsonStatus {
    CSimdjsonOK = 0,
    CSimdjsonTooLarge,
    CSimdjsonNoMemory,
    CSimdjsonTooDeep,
    CSimdjsonInvalidUTF8,
    CSimdjsonEmpty,
    CSimdjsonBadNumber,
    CSimdjsonInvalid,
} CSimdjsonStatus;

/// A parser for documents of at most `maximum_length` bytes and `maximum_depth` levels, or NULL without memory.
CSimdjsonParser *csimdjson_create(size_t maximum_length, size_t maximum_depth);
void csimdjson_destroy(CSimdjsonParser *parser);

/// Parses `length` bytes, which need no padding (they are copied).
CSimdjsonStatus csimdjson_parse(CSimdjsonParser *parser, const uint8_t *bytes, size_t length, CSimdjsonDocument *document);

/// The parser's own words for its last failure; lives for ever.
const char *csimdjson_message(const CSimdjsonParser *parser);

#ifdef __cplusplus
}
#endif
