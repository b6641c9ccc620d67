// The body of every kernel, in vectors of WIDTH floats. A level_*.c file says WIDTH, TABLE, how many vectors of outputs
// (AFFINE_VECTORS) and users (SCORE_USERS) fit its registers, and includes this once. Neither changes a result: lanes
// never mix but in `canonical_sum`.
#include "vector.h"

// y (users, vectors · WIDTH) of one tile of outputs: every accumulator is a chain over the inputs.
INLINE void affine_tile(const int users, const int vectors, float *y, const float *x, const float *w,
                        const float *start, size_t start_stride, size_t inputs, size_t outputs) {
    vec sums[4][16];
    for (int u = 0; u < users; u++)
        for (int v = 0; v < vectors; v++) sums[u][v] = start ? load(start + u * start_stride + v * WIDTH) : (vec){0};
    for (size_t i = 0; i < inputs; i++) {
        vec row[16];
        for (int v = 0; v < vectors; v++) row[v] = load(w + i * outputs + v * WIDTH);
        for (int u = 0; u < users; u++) {
            vec input = splat(x[u * inputs + i]);
            for (int v = 0; v < vectors; v++) sums[u][v] = fma_(input, row[v], sums[u][v]);
        }
    }
    for (int u = 0; u < users; u++)
        for (int v = 0; v < vectors; v++) store(y + u * outputs + v * WIDTH, sums[u][v]);
}

// One panel of outputs for all rows: four rows at a time share each load of w, in tiles of `shared` vectors; the last
// rows go alone, in tiles of `alone` vectors, which is as many chains in flight.
INLINE void affine_panel(const int columns, float *y, const float *x, const float *w, const float *start,
                         size_t start_stride, size_t rows, size_t inputs, size_t outputs) {
    const int alone = columns / WIDTH, shared = alone < AFFINE_VECTORS ? alone : AFFINE_VECTORS;
    size_t r = 0;
    for (; r + 4 <= rows; r += 4)
        for (int c = 0; c < columns; c += shared * WIDTH)
            affine_tile(4, shared, y + r * outputs + c, x + r * inputs, w + c,
                        start ? start + r * start_stride + c : NULL, start_stride, inputs, outputs);
    for (; r < rows; r++)
        affine_tile(1, alone, y + r * outputs, x + r * inputs, w, start ? start + r * start_stride : NULL, 0, inputs,
                    outputs);
}

static void affine(float *y, const float *x, const float *w, const float *start, size_t start_stride, size_t rows,
                   size_t inputs, size_t outputs) {
    size_t c = 0;
    for (; c + 64 <= outputs; c += 64)
        affine_panel(64, y + c, x, w + c, start ? start + c : NULL, start_stride, rows, inputs, outputs);
    for (; c < outputs; c += 16)
        affine_panel(16, y + c, x, w + c, start ? start + c : NULL, start_stride, rows, inputs, outputs);
}

// An element-wise kernel over n floats; the last n mod WIDTH go through a padded vector, by the same operations.
#define ELEMENTWISE(name, y, n, parameters, loads, expression)                                                         \
    static void name parameters {                                                                                      \
        size_t i = 0;                                                                                                  \
        for (; i + WIDTH <= n; i += WIDTH) {                                                                           \
            loads(load, i) store(y + i, expression);                                                                   \
        }                                                                                                              \
        if (i < n) {                                                                                                   \
            const size_t rest = n - i;                                                                                 \
            loads(load_rest, i) store_rest(y + i, expression, rest);                                                   \
        }                                                                                                              \
    }
#define load_rest(from) load_first(from, rest)

INLINE vec load_first(const float *from, size_t count) {
    float padded[WIDTH] = {0};
    for (size_t i = 0; i < count; i++) padded[i] = from[i];
    return load(padded);
}
INLINE void store_rest(float *to, vec value, size_t count) {
    float padded[WIDTH];
    store(padded, value);
    for (size_t i = 0; i < count; i++) to[i] = padded[i];
}

#define LOAD_X(load, i) vec a = load(x + i);
#define LOAD_AB(load, i) vec va = load(a + i), vb = load(b + i);
#define LOAD_HFC(load, i) vec vh = load(h + i), vf = load(f + i), vc = load(c + i);
ELEMENTWISE(exponential, y, n, (float *y, const float *x, size_t n), LOAD_X, exp_(a))
ELEMENTWISE(sigmoid, y, n, (float *y, const float *x, size_t n), LOAD_X, sigmoid_(a))
ELEMENTWISE(silu, y, n, (float *y, const float *x, size_t n), LOAD_X, silu_(a))
ELEMENTWISE(multiply, y, n, (float *y, const float *a, const float *b, size_t n), LOAD_AB, va *vb)
ELEMENTWISE(add, y, n, (float *y, const float *a, const float *b, size_t n), LOAD_AB, va + vb)
ELEMENTWISE(gated_update, h, n, (float *h, const float *f, const float *c, size_t n), LOAD_HFC,
            fma_(vf, vh, (1.0f - vf) * vc))

typedef uint16_t halves __attribute__((vector_size(2 * WIDTH), aligned(2), may_alias));

// Halves by whole numbers, which all processors have. Below 2^-14 the numbers are multiples of 2^-24, which adding 1/2 leaves in the
// last bits; above, half of what is cut off is added, less a bit where the last one kept is even.
INLINE void to_half_part(uint16_t *y, vec x) {
    const ivec sign = ((ivec)x >> 16) & 0x8000;
    vec a = magnitude(x);
    a = choose(a > 65504.0f, splat(65504.0f), a);  // not a NaN
    const ivec bits = (ivec)a;
    const ivec small = (ivec)(a + 0.5f) - 0x3f000000;
    const ivec normal = (bits - 0x38000000 + 0xfff + ((bits >> 13) & 1)) >> 13;
    ivec half = (ivec)choose(a < 0x1p-14f, (vec)small, (vec)normal);
    half = (ivec)choose(a != a, (vec)((ivec){0} + 0x7e00), (vec)half);
    *(halves *)y = __builtin_convertvector(half | sign, halves);
}

// The exponent's offset is made up for by a multiplication, which is exact and takes the smallest along.
INLINE vec from_half_part(const uint16_t *x) {
    const ivec half = __builtin_convertvector(*(const halves *)x, ivec);
    const vec number = (vec)((half & 0x7fff) << 13) * 0x1p112f;
    const vec odd = (vec)(((half & 0x7fff) << 13) | 0x7f800000);  // an infinity or a NaN
    return (vec)((ivec)choose(number >= 65536.0f, odd, number) | ((half & 0x8000) << 16));
}

static void to_half(uint16_t *y, const float *x, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) to_half_part(y + i, load(x + i));
    if (i == n) return;
    uint16_t rest[WIDTH];
    to_half_part(rest, load_first(x + i, n - i));
    for (size_t l = 0; i + l < n; l++) y[i + l] = rest[l];
}

static void from_half(float *y, const uint16_t *x, size_t n) {
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) store(y + i, from_half_part(x + i));
    if (i == n) return;
    uint16_t rest[WIDTH] = {0};
    for (size_t l = 0; i + l < n; l++) rest[l] = x[i + l];
    store_rest(y + i, from_half_part(rest), n - i);
}

// The canonical sum's additions, over its 16 partial sums.
INLINE float canonical_sum(const vec *partial) {
    float sums[16];
    for (int v = 0; v < 16 / WIDTH; v++) store(sums + v * WIDTH, partial[v]);
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++) sums[l] += sums[l + half];
    return sums[0];
}

static float dot(const float *a, const float *b, size_t d) {
    vec partial[16 / WIDTH] = {0};
    for (size_t i = 0; i < d; i += 16)
        for (int v = 0; v < 16 / WIDTH; v++)
            partial[v] = fma_(load(a + i + v * WIDTH), load(b + i + v * WIDTH), partial[v]);
    return canonical_sum(partial);
}

static void rms_normalise(float *y, const float *x, const float *gain, float epsilon, size_t rows, size_t d) {
    for (size_t r = 0; r < rows; r++, x += d, y += d) {
        const float scale = 1.0f / __builtin_elementwise_sqrt(dot(x, x, d) / (float)d + epsilon);
        for (size_t i = 0; i < d; i += WIDTH) {
            vec scaled = load(x + i) * scale;
            store(y + i, gain ? scaled * load(gain + i) : scaled);
        }
    }
}

static void l2_normalise(float *y, const float *x, float epsilon, size_t rows, size_t d) {
    for (size_t r = 0; r < rows; r++, x += d, y += d) {
        const float norm = __builtin_elementwise_sqrt(dot(x, x, d));
        const float scale = 1.0f / (norm < epsilon ? epsilon : norm);
        for (size_t i = 0; i < d; i += WIDTH) store(y + i, load(x + i) * scale);
    }
}

// Scores of some users with WIDTH items of a tile. Four partial sums that the canonical order adds up among themselves
// are taken at a time: enough chains to hide a multiply-add's latency, few enough for the registers.
INLINE void score_lanes(const int users, float *scores, size_t stride, const float *queries, const float *tile,
                        size_t d) {
    vec quarters[4][SCORE_USERS];
    for (int quarter = 0; quarter < 4; quarter++) {
        vec sums[4][SCORE_USERS] = {0};
#pragma clang loop unroll(disable)
        for (size_t term = 0; term < d / 16; term++, queries += 4, tile += 4 * 16)
            for (int j = 0; j < 4; j++) {
                vec items = load(tile + j * 16);
                for (int u = 0; u < users; u++) sums[j][u] = fma_(items, splat(queries[u * d + j]), sums[j][u]);
            }
        for (int u = 0; u < users; u++)
            quarters[quarter][u] = (sums[0][u] + sums[2][u]) + (sums[1][u] + sums[3][u]);
    }
    for (int u = 0; u < users; u++)
        store(scores + u * stride, (quarters[0][u] + quarters[2][u]) + (quarters[1][u] + quarters[3][u]));
}

// A tile stays in the first cache while all users pass over it.
static void score_tiles(float *scores, size_t stride, const float *queries, size_t users, const float *tiles,
                        size_t tile_count, size_t d) {
    for (size_t t = 0; t < tile_count; t++)
        for (size_t lane = 0; lane < 16; lane += WIDTH) {
            const float *tile = tiles + t * d * 16 + lane;
            float *out = scores + t * 16 + lane;
            size_t u = 0;
            for (; u + SCORE_USERS <= users; u += SCORE_USERS)
                score_lanes(SCORE_USERS, out + u * stride, stride, queries + u * d, tile, d);
            for (; u < users; u++) score_lanes(1, out + u * stride, stride, queries + u * d, tile, d);
        }
}

#include "selection.h"

// The rows' cache lines are asked for some rows ahead: they lie anywhere.
static void dot_rows(float *scores, const float *query, const float *const *rows, size_t n, size_t d) {
    for (size_t r = 0; r < n; r++) {
        if (r + 6 < n)
            for (size_t i = 0; i < d; i += 16) __builtin_prefetch(rows[r + 6] + i);
        scores[r] = dot(query, rows[r], d);
    }
}

// Adding the shift leaves the nearest whole number in the last bits. Squares are those of numbers in units of the step, so that
// none is too small, and their sums in the canonical order, so that all levels agree.
static struct bc_query_code encode_query(int8_t *codes, const float *x, size_t d) {
    typedef int8_t bytes __attribute__((vector_size(WIDTH), aligned(1), may_alias));
    vec largest = {0};
    for (size_t i = 0; i < d; i += WIDTH) largest = larger(largest, magnitude(load(x + i)));
    const float most = at_key(__builtin_reduce_max(keys_of(largest))), shift = 0x1.8p23f;
    const bool counts = most > 0x1p-100f;
    const float step = counts ? most / 127 : 0, inverse = counts ? 127 / most : 0;
    vec squares[16 / WIDTH] = {0}, lost[16 / WIDTH] = {0};
    ivec sum = {0};
    for (size_t i = 0; i < d; i += 16)
        for (int v = 0; v < 16 / WIDTH; v++) {
            const vec value = load(x + i + v * WIDTH) * inverse, code = (value + shift) - shift, rest = value - code;
            const ivec whole = __builtin_convertvector(code, ivec);
            *(bytes *)(codes + i + v * WIDTH) = __builtin_convertvector(whole, bytes);
            sum += whole;
            squares[v] = fma_(value, value, squares[v]);
            lost[v] = fma_(rest, rest, lost[v]);
        }
    const float length = step * __builtin_elementwise_sqrt(canonical_sum(squares)) * 1.0001f;
    const float error = step * __builtin_elementwise_sqrt(canonical_sum(lost)) * 1.0001f;
    const float all = most * __builtin_elementwise_sqrt((float)d);  // at least the length
    return (struct bc_query_code){
        .step = step,
        .sum = __builtin_reduce_add(sum),
        .length = counts ? length : all,
        .error = counts ? error + all * 1e-6f : all,
    };
}

#include "scan.h"

const struct bc_table TABLE = {
    .affine = affine,
    .exp = exponential,
    .sigmoid = sigmoid,
    .silu = silu,
    .multiply = multiply,
    .add = add,
    .gated_update = gated_update,
    .to_half = to_half,
    .from_half = from_half,
    .dot = dot,
    .rms_normalise = rms_normalise,
    .l2_normalise = l2_normalise,
    .score_tiles = score_tiles,
    .select = select_band,
    .last_equal = last_equal,
    .kth_largest = kth_largest,
    .rank = rank,
    .dot_rows = dot_rows,
    .encode_query = encode_query,
    .scan_bounds = scan_bounds,
    .scan_hits = scan_hits,
};
