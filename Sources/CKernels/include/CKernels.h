#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The arithmetic of serving: the same bits on every processor, whatever the batch.
//
// Every kernel has one body (bodies.h), compiled once for each level of instructions below and chosen at run time. All
// levels return the same bits, because every output is one fixed sequence of IEEE operations: fused multiply-adds and
// additions in an order that depends on shapes alone, no libm, no contraction, no reassociation. Rows of a batch never
// mix, so an output does not depend on who else is in the batch.
//
// Matrices are row-major floats. `d`, `inputs` and `outputs` that must be a multiple of 16 say so. Pointers need no
// alignment, but 64 bytes is fastest. No kernel allocates.

/// Levels of instructions, weakest first: what all processors of an architecture have, three of x86-64, one of arm64.
enum { BC_PORTABLE = 0, BC_AVX2 = 1, BC_AVX512 = 2, BC_VNNI = 3, BC_DOTPROD = 4, BC_LEVELS = 5 };

/// Whether this processor (and this build) can run a level.
bool bc_kernels_available(int level);

/// The level in force: the strongest available one, unless `bc_kernels_select` chose another.
int bc_kernels_level(void);

/// Puts a level in force for the whole process; false, and no change, when it is not available. Results do not change.
bool bc_kernels_select(int level);

/// y (rows, outputs) = x (rows, inputs) · w (inputs, outputs) + start (row r begins at start + r · start_stride).
///
/// `outputs` is a multiple of 16. A stride of 0 makes `start` a bias shared by all rows; `start == y` with a stride of
/// `outputs` adds to what y holds; NULL is zero. Each output is one chain of fused multiply-adds over inputs 0, 1, ….
void bc_affine(float *y, const float *x, const float *w, const float *start, size_t start_stride, size_t rows,
               size_t inputs, size_t outputs);

// Element-wise functions over n floats, of any n; y may be x. NaN gives NaN, infinities give the limits.

/// y = e^x, within 2 ulp; overflows to infinity above 88.72, underflows gradually to 0 below -103.97.
void bc_exp(float *y, const float *x, size_t n);
/// y = 1 / (1 + e^-x), within 3 ulp on both tails.
void bc_sigmoid(float *y, const float *x, size_t n);
/// y = x / (1 + e^-x), within 4 ulp; within 1e-43 below -87, where the sigmoid is subnormal.
void bc_silu(float *y, const float *x, size_t n);
/// y = a · b.
void bc_multiply(float *y, const float *a, const float *b, size_t n);
/// y = a + b.
void bc_add(float *y, const float *a, const float *b, size_t n);
/// h = f · h + (1 - f) · c, as fma(f, h, (1 - f) · c): a step of the gated linear recurrence.
void bc_gated_update(float *h, const float *f, const float *c, size_t n);

/// y (n) = x (n) as IEEE 754 halves, rounded to the nearest, ties to even; beyond their range the largest. NaN gives a NaN.
void bc_to_half(uint16_t *y, const float *x, size_t n);
/// y (n) = the halves x (n), which is exact.
void bc_from_half(float *y, const uint16_t *x, size_t n);

// Sums over a row of d floats (d a multiple of 16) all have one order, here called canonical: 16 partial sums, number
// l taking elements l, l + 16, … in turn by fused multiply-add from 0; then sums l and l + 8 are added, of those 8 sums
// l and l + 4, then l and l + 2, then the last two.

/// The canonical sum of a[i] · b[i].
float bc_dot(const float *a, const float *b, size_t d);

/// y (rows, d) = gain · x / sqrt(mean(x²) + epsilon) for each row of x (rows, d); gain (d) may be NULL; y may be x.
void bc_rms_normalise(float *y, const float *x, const float *gain, float epsilon, size_t rows, size_t d);

/// y (rows, d) = x / max(|x|, epsilon) for each row of x (rows, d), so a row of zeros stays zero; y may be x.
void bc_l2_normalise(float *y, const float *x, float epsilon, size_t rows, size_t d);

/// Where coordinate i of d stands in a tile and in the queries it meets: the partial sums come in quarters, number q
/// being sums q, q + 4, q + 8 and q + 12, and those of a quarter take turns.
static inline size_t bc_tile_position(size_t i, size_t d) {
    return (i % 4 * (d / 16) + i / 16) * 4 + i % 16 / 4;
}

/// y (d) = x (d) in the order of coordinates that tiles have; d is a multiple of 16.
static inline void bc_turn(float *y, const float *x, size_t d) {
    for (size_t quarter = 0; quarter < 4; quarter++)
        for (size_t term = 0; term < d / 16; term++)
            for (size_t turn = 0; turn < 4; turn++) *y++ = x[term * 16 + turn * 4 + quarter];
}

/// scores (users, stride): the canonical dot product of each of queries (users, d) with each item of `tiles`.
///
/// Items stand in tiles of 16: tiles (tile_count, d, 16) holds coordinate i of the tile's item j at
/// [bc_tile_position(i, d)][j], and queries hold it at [bc_tile_position(i, d)]. So a vector register holds one
/// coordinate of 16 items, a canonical sum needs no shuffles and runs at the speed of its multiply-adds, memory is read
/// from front to back, and users share each load. stride ≥ 16 · tile_count; d is a multiple of 16. Equal to bc_dot of the
/// plain rows bit for bit.
void bc_score_tiles(float *scores, size_t stride, const float *queries, size_t users, const float *tiles,
                    size_t tile_count, size_t d);

/// The ascending places of values (n) that are ≥ least and < below, each plus `first`, written to `places` (room for n); returns
/// how many. With an infinite `below`, all that are ≥ least.
size_t bc_select(uint32_t *places, const float *values, size_t n, float least, float below, uint32_t first);

/// The last place of values (n) that holds `wanted`, -1 if none does; n ≤ 2³¹ - 1.
ptrdiff_t bc_last_equal(const int32_t *values, size_t n, int32_t wanted);

/// Asks for the cache line at an address that will be read soon.
static inline void bc_prefetch(const void *address) { __builtin_prefetch(address); }

/// Asks for the cache lines of so many bytes, for the second-level cache: as many as there are, while the first level goes on
/// with what it waits for.
static inline void bc_prefetch_far(const void *start, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)start + i, 0, 2);
}

/// scores (n): the canonical dot products of query (d) with the rows (d) that `rows` points to.
void bc_dot_rows(float *scores, const float *query, const float *const *rows, size_t n, size_t d);

/// The k-th largest of values (n), 1 ≤ k ≤ n, none of them NaN.
float bc_kth_largest(const float *values, size_t n, size_t k);

/// order (n) = the places of values (n), none of them NaN, from the largest to the smallest, equal ones as they stand. Takes n²
/// comparisons, some dozen at a time: for some dozen values.
void bc_rank(uint32_t *order, const float *values, size_t n);

/// What 8-bit codes say of a vector x, and what they leave out.
struct bc_query_code {
    /// Size of a code's unit: x[i] is about step · code[i].
    float step;
    /// Σ code[i].
    int32_t sum;
    /// The length of x, and that of x - step · code; at least what they are, a little more for what rounding took away.
    float length, error;
};

/// codes (d) = the nearest whole numbers, -127 to 127, to x (d) in units that make the largest 127; d is a multiple of 16. All
/// finite; of numbers that are too small for a unit all codes are 0.
struct bc_query_code bc_encode_query(int8_t *codes, const float *x, size_t d);

/// A user of a scan of 8-bit codes: what goes in, and where the result goes.
///
/// The sum of an item is Σ query[i] · code[i] + start over its codes, 0 to 255; with start = -128 · Σ query[i] it is the dot
/// product with code - 128. An item's codes have a scale of their own: scale · sum · step is about its score, or the part of it
/// that lies beyond a base, and scale · doubt is how far from it that may be.
struct bc_scan_user {
    /// Signed numbers (d).
    const int8_t *query;
    /// (tiles): bit j is set for the items of a tile that count.
    const uint16_t *masks;
    int32_t start;
    float step, doubt;
    /// `bc_scan_hits` takes the items whose scale · (sum · step + doubt) reaches this.
    float threshold;
    /// `bc_scan_bounds` gives scale · (sum · step + doubt) + base.
    float base;
    /// Room for 16 · tiles.
    float *bounds;
    /// (16 · groups): the largest bounds so far; an item of tile t counts for those of tile (tile + t) mod groups. NULL if nobody asks.
    float *maxima;
    size_t tile, groups;
    /// The items that were taken, each as `slot` plus its place in the tiles; there is room for all of them.
    uint32_t *hits;
    size_t found;
    uint32_t slot;
};

/// Codes of 16 items stand in a tile: their scales, 16 floats, then (d / 4, 16, 4): item j's codes 4 i … 4 i + 3 at [i][j]. d is a
/// multiple of 16.
///
/// Writes bounds and maxima; an item that does not count has bound -infinity.
void bc_scan_bounds(const struct bc_scan_user *users, size_t count, const uint8_t *codes, size_t tiles, size_t d);

/// Appends to each user's hits the items that count and may reach the user's threshold.
void bc_scan_hits(struct bc_scan_user *users, size_t count, const uint8_t *codes, size_t tiles, size_t d);
