#include "CSimdjson.h"

#include <new>
#include <simdjson.h>

struct CSimdjsonParser {
    simdjson::dom::parser parser;
    size_t maximum_depth;
    simdjson::error_code last = simdjson::SUCCESS;

    // simdjson refuses to make buffers for less than 32 bytes.
    CSimdjsonParser(size_t length, size_t depth) : parser(length < 32 ? 32 : length), maximum_depth(depth) {}
};

namespace {
CSimdjsonStatus status(simdjson::error_code code) noexcept {
    switch (code) {
    case simdjson::SUCCESS: return CSimdjsonOK;
    case simdjson::CAPACITY: return CSimdjsonTooLarge;
    case simdjson::MEMALLOC: return CSimdjsonNoMemory;
    case simdjson::DEPTH_ERROR: return CSimdjsonTooDeep;
    case simdjson::UTF8_ERROR: return CSimdjsonInvalidUTF8;
    case simdjson::EMPTY: return CSimdjsonEmpty;
    case simdjson::NUMBER_ERROR: return CSimdjsonBadNumber;
    default: return CSimdjsonInvalid;
    }
}
}  // namespace

extern "C" CSimdjsonParser *csimdjson_create(size_t maximum_length, size_t maximum_depth) {
    return new (std::nothrow) CSimdjsonParser(maximum_length, maximum_depth);
}

extern "C" void csimdjson_destroy(CSimdjsonParser *parser) { delete parser; }

extern "C" CSimdjsonStatus csimdjson_parse(
    CSimdjsonParser *parser, const uint8_t *bytes, size_t length, CSimdjsonDocument *document) {
    // Space grows with the documents (never shrinks), so that it is not the largest allowed one's from the start.
    if (length > parser->parser.max_capacity()) {
        parser->last = simdjson::CAPACITY;
    } else {
        parser->last = simdjson::SUCCESS;
        if (parser->parser.capacity() < length || parser->parser.max_depth() != parser->maximum_depth) {
            size_t wanted = length < 4096 ? 4096 : length + length / 2;
            if (wanted > parser->parser.max_capacity()) { wanted = parser->parser.max_capacity(); }
            parser->last = parser->parser.allocate(wanted, parser->maximum_depth);
        }
        if (parser->last == simdjson::SUCCESS) {
            parser->last = parser->parser.parse(bytes, length, true).error();
        }
    }
    if (parser->last == simdjson::SUCCESS) {
        document->tape = parser->parser.doc.tape.get();
        document->strings = parser->parser.doc.string_buf.get();
    }
    return status(parser->last);
}

extern "C" const char *csimdjson_message(const CSimdjsonParser *parser) { return simdjson::error_message(parser->last); }
