// pkg-config's -D flags, which SwiftPM does not pass on: use the library, not the headers alone.
#define TOML_HEADER_ONLY 0
#define TOML_SHARED_LIB 1
#include "CTomlplusplus.h"

#include <sstream>
#include <toml++/toml.h>

namespace {

toml_place begin(const toml::source_region &region) { return {region.begin.line, region.begin.column}; }

struct Walk {
    void *context;
    toml_visitor visit;

    void emit(toml_kind kind, const toml::key *key, const std::string &text, const toml::node &node) const {
        visit(
            context, kind, key ? key->data() : nullptr, key ? key->length() : 0, key ? begin(key->source()) : toml_place{0, 0},
            text.data(), text.size(), begin(node.source()));
    }

    void walk(const toml::key *key, const toml::node &node) const {
        if (const auto *table = node.as_table()) {
            emit(TOML_TABLE, key, {}, node);
            for (const auto &[name, value] : *table) walk(&name, value);
            emit(TOML_END, nullptr, {}, node);
        } else if (const auto *array = node.as_array()) {
            emit(TOML_ARRAY, key, {}, node);
            for (const auto &value : *array) walk(nullptr, value);
            emit(TOML_END, nullptr, {}, node);
        } else if (const auto *string = node.as_string()) {
            emit(TOML_STRING, key, string->get(), node);
        } else if (const auto *integer = node.as_integer()) {
            emit(TOML_INTEGER, key, std::to_string(integer->get()), node);
        } else if (const auto *boolean = node.as_boolean()) {
            emit(TOML_BOOLEAN, key, boolean->get() ? "true" : "false", node);
        } else {
            std::ostringstream text;
            if (const auto *number = node.as_floating_point()) text << toml::value<double>(number->get());
            else if (const auto *date = node.as_date()) text << date->get();
            else if (const auto *time = node.as_time()) text << time->get();
            else if (const auto *date_time = node.as_date_time()) text << date_time->get();
            emit(node.is_floating_point() ? TOML_FLOAT : TOML_DATE, key, text.str(), node);
        }
    }
};

} // namespace

int toml_visit(
    const char *text, size_t length, void *context, toml_visitor visit,
    void (*failed)(void *context, const char *message, size_t message_length, toml_place place)) {
    // No C++ exception may leave through Swift.
    try {
        const toml::table root = toml::parse(std::string_view(text, length));
        Walk{context, visit}.walk(nullptr, root);
        return 0;
    } catch (const toml::parse_error &error) {
        failed(context, error.description().data(), error.description().size(), begin(error.source()));
    } catch (const std::exception &error) {
        failed(context, error.what(), std::char_traits<char>::length(error.what()), {1, 1});
    }
    return -1;
}
