// The choice of instructions: one table of kernels, chosen at the first call and exchanged atomically.
#include "table.h"
#include <stdatomic.h>
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static const struct bc_table *const tables[BC_LEVELS] = {
    [BC_PORTABLE] = &bc_table_portable,
#if defined(__x86_64__)
    [BC_AVX2] = &bc_table_avx2,
    [BC_AVX512] = &bc_table_avx512,
    [BC_VNNI] = &bc_table_vnni,
#elif defined(__aarch64__)
    [BC_DOTPROD] = &bc_table_dotprod,
#endif
};

static _Atomic(int) level_in_force = -1;

bool bc_kernels_available(int level) {
    switch (level) {
    case BC_PORTABLE: return true;
#if defined(__x86_64__)
    case BC_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case BC_AVX512: return __builtin_cpu_supports("avx512f") && bc_kernels_available(BC_AVX2);
    case BC_VNNI:
        return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw")
            && bc_kernels_available(BC_AVX512);
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
    case BC_DOTPROD: return true;  // the build takes it for granted, as Apple's do
#elif defined(__aarch64__) && defined(__linux__)
    case BC_DOTPROD: return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#endif
    default: return false;
    }
}

int bc_kernels_level(void) {
    int level = atomic_load_explicit(&level_in_force, memory_order_relaxed);
    if (level >= 0) return level;
    level = BC_LEVELS - 1;
    while (!bc_kernels_available(level)) level -= 1;
    int unset = -1;
    atomic_compare_exchange_strong(&level_in_force, &unset, level);
    return atomic_load_explicit(&level_in_force, memory_order_relaxed);
}

bool bc_kernels_select(int level) {
    if (!bc_kernels_available(level)) return false;
    atomic_store(&level_in_force, level);
    return true;
}

static inline const struct bc_table *table(void) { return tables[bc_kernels_level()]; }

void bc_affine(float *y, const float *x, const float *w, const float *start, size_t start_stride, size_t rows,
               size_t inputs, size_t outputs) {
    table()->affine(y, x, w, start, start_stride, rows, inputs, outputs);
}
void bc_exp(float *y, const float *x, size_t n) { table()->exp(y, x, n); }
void bc_sigmoid(float *y, const float *x, size_t n) { table()->sigmoid(y, x, n); }
void bc_silu(float *y, const float *x, size_t n) { table()->silu(y, x, n); }
void bc_multiply(float *y, const float *a, const float *b, size_t n) { table()->multiply(y, a, b, n); }
void bc_add(float *y, const float *a, const float *b, size_t n) { table()->add(y, a, b, n); }
void bc_gated_update(float *h, const float *f, const float *c, size_t n) { table()->gated_update(h, f, c, n); }
void bc_to_half(uint16_t *y, const float *x, size_t n) { table()->to_half(y, x, n); }
void bc_from_half(float *y, const uint16_t *x, size_t n) { table()->from_half(y, x, n); }
float bc_dot(const float *a, const float *b, size_t d) { return table()->dot(a, b, d); }
void bc_rms_normalise(float *y, const float *x, const float *gain, float epsilon, size_t rows, size_t d) {
    table()->rms_normalise(y, x, gain, epsilon, rows, d);
}
void bc_l2_normalise(float *y, const float *x, float epsilon, size_t rows, size_t d) {
    table()->l2_normalise(y, x, epsilon, rows, d);
}
void bc_score_tiles(float *scores, size_t stride, const float *queries, size_t users, const float *tiles,
                    size_t tile_count, size_t d) {
    table()->score_tiles(scores, stride, queries, users, tiles, tile_count, d);
}
size_t bc_select(uint32_t *places, const float *values, size_t n, float least, float below, uint32_t first) {
    return table()->select(places, values, n, least, below, first);
}
ptrdiff_t bc_last_equal(const int32_t *values, size_t n, int32_t wanted) {
    return table()->last_equal(values, n, wanted);
}
float bc_kth_largest(const float *values, size_t n, size_t k) { return table()->kth_largest(values, n, k); }
void bc_rank(uint32_t *order, const float *values, size_t n) { table()->rank(order, values, n); }
void bc_dot_rows(float *scores, const float *query, const float *const *rows, size_t n, size_t d) {
    table()->dot_rows(scores, query, rows, n, d);
}
struct bc_query_code bc_encode_query(int8_t *codes, const float *x, size_t d) {
    return table()->encode_query(codes, x, d);
}
void bc_scan_bounds(const struct bc_scan_user *users, size_t count, const uint8_t *codes, size_t tiles, size_t d) {
    table()->scan_bounds(users, count, codes, tiles, d);
}
void bc_scan_hits(struct bc_scan_user *users, size_t count, const uint8_t *codes, size_t tiles, size_t d) {
    table()->scan_hits(users, count, codes, tiles, d);
}
