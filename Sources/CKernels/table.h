#pragma once
#include "CKernels.h"

// One function per kernel: what a level of instructions provides. Signatures are those of CKernels.h.
struct bc_table {
    void (*affine)(float *, const float *, const float *, const float *, size_t, size_t, size_t, size_t);
    void (*exp)(float *, const float *, size_t);
    void (*sigmoid)(float *, const float *, size_t);
    void (*silu)(float *, const float *, size_t);
    void (*multiply)(float *, const float *, const float *, size_t);
    void (*add)(float *, const float *, const float *, size_t);
    void (*gated_update)(float *, const float *, const float *, size_t);
    void (*to_half)(uint16_t *, const float *, size_t);
    void (*from_half)(float *, const uint16_t *, size_t);
    float (*dot)(const float *, const float *, size_t);
    void (*rms_normalise)(float *, const float *, const float *, float, size_t, size_t);
    void (*l2_normalise)(float *, const float *, float, size_t, size_t);
    void (*score_tiles)(float *, size_t, const float *, size_t, const float *, size_t, size_t);
    size_t (*select)(uint32_t *, const float *, size_t, float, float, uint32_t);
    ptrdiff_t (*last_equal)(const int32_t *, size_t, int32_t);
    float (*kth_largest)(const float *, size_t, size_t);
    void (*rank)(uint32_t *, const float *, size_t);
    void (*dot_rows)(float *, const float *, const float *const *, size_t, size_t);
    struct bc_query_code (*encode_query)(int8_t *, const float *, size_t);
    void (*scan_bounds)(const struct bc_scan_user *, size_t, const uint8_t *, size_t, size_t);
    void (*scan_hits)(struct bc_scan_user *, size_t, const uint8_t *, size_t, size_t);
};

extern const struct bc_table bc_table_portable;
extern const struct bc_table bc_table_avx2;
extern const struct bc_table bc_table_avx512;
extern const struct bc_table bc_table_vnni;
extern const struct bc_table bc_table_dotprod;
