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
ELEMENTWISE(hyperbolic_tangent, y, n, (float *y, const float *x, size_t n), LOAD_X, tanh_(a))
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

// Hits are rare, so whole vectors are passed over; one that has a hit is taken apart without branches.
static size_t select_at_least(uint32_t *indices, const float *scores, size_t n, float threshold) {
    size_t count = 0, i = 0;
    for (; i + 16 <= n; i += 16) {
        ivec any = {0};
        for (int v = 0; v < 16; v += WIDTH) any |= load(scores + i + v) >= threshold;
        if (__builtin_reduce_or(any) == 0) continue;
        for (size_t j = i; j < i + 16; j++) {
            indices[count] = (uint32_t)j;
            count += scores[j] >= threshold;
        }
    }
    for (; i < n; i++)
        if (scores[i] >= threshold) indices[count++] = (uint32_t)i;
    return count;
}

// The largest of the places, so that nothing depends on where it is.
static ptrdiff_t last_equal(const int32_t *values, size_t n, int32_t wanted) {
    int32_t last = -1;
    for (int32_t i = 0; i < (int32_t)n; i++) {
        const int32_t place = values[i] == wanted ? i : -1;
        last = place > last ? place : last;
    }
    return last;
}

// A number as an integer of the same order, and the way back, which is the same.
INLINE int32_t key_of(float value) {
    int32_t bits;
    __builtin_memcpy(&bits, &value, 4);
    return bits ^ ((bits >> 31) & 0x7fffffff);
}
INLINE float at_key(int32_t key) {
    const int32_t bits = key ^ ((key >> 31) & 0x7fffffff);
    float value;
    __builtin_memcpy(&value, &bits, 4);
    return value;
}

// How many of some whole vectors and one more are at least so large.
INLINE size_t count_at_least(const float *values, size_t whole, vec rest, float least) {
#if WIDTH == 16
    const __m512 bar = _mm512_set1_ps(least);
    size_t count = (size_t)__builtin_popcount(_mm512_cmp_ps_mask((__m512)rest, bar, _CMP_GE_OQ));
    for (size_t i = 0; i < whole; i += 16)
        count += (size_t)__builtin_popcount(_mm512_cmp_ps_mask(_mm512_loadu_ps(values + i), bar, _CMP_GE_OQ));
    return count;
#else
    ivec negative = rest >= least;
    for (size_t i = 0; i < whole; i += WIDTH) negative += load(values + i) >= least;
    return (size_t)-__builtin_reduce_add(negative);
#endif
}

// By parting the range until k numbers are at least where it is parted: some passes over a few vectors, without a branch that data
// decides. By turns at the middle of the numbers, which is near where they lie evenly, and of their keys, which bounds the passes.
INLINE float kth_by_parting(const float *values, size_t n, size_t k) {
    const size_t whole = n / WIDTH * WIDTH;
    const vec none = splat(-__builtin_inff());
    vec rest = none;
    for (size_t l = 0; l < n - whole; l++) rest[l] = values[whole + l];
    vec most = rest, least = n == whole ? splat(__builtin_inff()) : none;
    for (size_t i = 0; i < whole; i += WIDTH) {
        most = __builtin_elementwise_max(most, load(values + i));
        least = __builtin_elementwise_min(least, load(values + i));
    }
    // At least k numbers are `low` or more, fewer are more than `high`.
    int32_t low = key_of(__builtin_reduce_min(least)), high = key_of(__builtin_reduce_max(most));
    for (bool evenly = true; low < high; evenly = !evenly) {
        const float from = at_key(low);
        int32_t middle = (int32_t)((int64_t)low + ((int64_t)high - low + 1) / 2);
        if (evenly && from > -__builtin_inff()) middle = key_of(from * 0.5f + at_key(high) * 0.5f);
        if (middle <= low) middle = low + 1;
        const float bar = at_key(middle);
        const size_t count = count_at_least(values, whole, rest, bar);
        if (count == k) {
            // The least of the k is the answer.
            vec found = choose(rest >= bar, rest, splat(__builtin_inff()));
            for (size_t i = 0; i < whole; i += WIDTH) {
                const vec value = load(values + i);
                found = __builtin_elementwise_min(found, choose(value >= bar, value, splat(__builtin_inff())));
            }
            return __builtin_reduce_min(found);
        }
        const int32_t more = -(int32_t)(count > k);
        low = (middle & more) | (low & ~more);
        high = (high & more) | ((middle - 1) & ~more);
    }
    return at_key(low);
}

// Where a few of many are wanted, the k largest of each lane hold the k largest of all.
static float kth_largest(const float *values, size_t n, size_t k) {
    enum { FEW = 4 };
    if (k > FEW || n < 8 * FEW * WIDTH) return kth_by_parting(values, n, k);
    vec top[FEW];
    for (size_t j = 0; j < k; j++) top[j] = splat(-__builtin_inff());
    const size_t whole = n / WIDTH * WIDTH;
    for (size_t i = 0; i < n; i += WIDTH) {
        vec value = splat(-__builtin_inff());
        if (i < whole) value = load(values + i);
        else for (size_t l = i; l < n; l++) value[l - i] = values[l];
        for (size_t j = 0; j < k; j++) {
            const vec larger = __builtin_elementwise_max(top[j], value);
            value = __builtin_elementwise_min(top[j], value);
            top[j] = larger;
        }
    }
    return kth_by_parting((const float *)top, k * WIDTH, k);
}

// An item's rank is the number of those before it, so nothing is moved and no branch hangs on the numbers.
static void rank(uint32_t *order, const float *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float value = values[i];
        ivec negative = {0};
        size_t j = 0;
        uint32_t before = 0;
        for (; j + WIDTH <= i; j += WIDTH) negative += load(values + j) >= value;
        for (; j < i; j++) before += values[j] >= value;
        for (; j < n && j % WIDTH != 0; j++) before += values[j] > value;
        for (; j + WIDTH <= n; j += WIDTH) negative += load(values + j) > value;
        for (; j < n; j++) before += values[j] > value;
        order[before + (uint32_t)-__builtin_reduce_add(negative)] = (uint32_t)i;
    }
}

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
    for (size_t i = 0; i < d; i += WIDTH) largest = __builtin_elementwise_max(largest, magnitude(load(x + i)));
    const float most = __builtin_reduce_max(largest), shift = 0x1.8p23f;
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
    .tanh = hyperbolic_tangent,
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
    .select_at_least = select_at_least,
    .last_equal = last_equal,
    .kth_largest = kth_largest,
    .rank = rank,
    .dot_rows = dot_rows,
    .encode_query = encode_query,
    .scan_bounds = scan_bounds,
    .scan_hits = scan_hits,
};
