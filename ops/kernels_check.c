// Every kernel at every level of instructions that the processor has, on random inputs, against the loops one would write
// first: sums of integers and fixed sequences of operations to the bit, functions within their documented error.
//
// `kernels_check [LEVEL]` prints each level with a digest of the bits of all its results, which is the same for all levels
// and processors. Fails on a difference, or where the level chosen by itself is not LEVEL. ops/kernels-aarch64 builds it.
#include "CKernels.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[BC_LEVELS] = {"portable", "avx2", "avx512", "vnni", "dotprod"};

static uint64_t state, digest;
static int failures;

// SplitMix64.
static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}
static uint64_t below(uint64_t bound) { return next() % bound; }
static float uniform(float bound) { return ((float)below(1 << 24) * 0x1p-23f - 1) * bound; }
// Of any finite magnitude, subnormal ones included.
static float wild(void) {
    const uint32_t bits = (uint32_t)next();
    float value;
    memcpy(&value, &bits, 4);
    return isfinite(value) ? value : 1;
}
static void fill(float *to, size_t n, float bound) {
    for (size_t i = 0; i < n; i++) to[i] = uniform(bound);
}

static void expect(bool holds, const char *kernel, size_t place) {
    if (holds || failures++ >= 20) return;  // one mistake shows in thousands of results
    fprintf(stderr, "%s, %s: result %zu is wrong\n", names[bc_kernels_level()], kernel, place);
}

// FNV-1a. The bits of a NaN are the processor's own affair.
static void note(float value) {
    uint32_t bits = 0x7fc00000;
    if (!isnan(value)) memcpy(&bits, &value, 4);
    digest = (digest ^ bits) * 0x100000001b3;
}

static void expect_bits(const char *kernel, const float *got, const float *wanted, size_t n) {
    for (size_t i = 0; i < n; i++) {
        expect(isnan(wanted[i]) ? isnan(got[i]) : memcmp(got + i, wanted + i, 4) == 0, kernel, i);
        note(got[i]);
    }
}

static void check_affine(size_t rows, size_t inputs, size_t outputs, float (*draw)(void)) {
    float x[9 * 64], w[64 * 208], bias[208], y[9 * 208], held[9 * 208], wanted[9 * 208];
    for (size_t i = 0; i < rows * inputs; i++) x[i] = draw();
    for (size_t i = 0; i < inputs * outputs; i++) w[i] = draw();
    for (size_t i = 0; i < outputs; i++) bias[i] = draw();
    for (size_t i = 0; i < rows * outputs; i++) held[i] = draw();
    for (int in_place = 0; in_place < 2; in_place++) {
        memcpy(y, held, sizeof y);
        if (in_place) bc_affine(y, x, w, y, outputs, rows, inputs, outputs);
        else bc_affine(y, x, w, bias, 0, rows, inputs, outputs);
        for (size_t r = 0; r < rows; r++)
            for (size_t o = 0; o < outputs; o++) {
                float sum = in_place ? held[r * outputs + o] : bias[o];
                for (size_t i = 0; i < inputs; i++) sum = fmaf(x[r * inputs + i], w[i * outputs + o], sum);
                wanted[r * outputs + o] = sum;
            }
        expect_bits("affine", y, wanted, rows * outputs);
    }
}
static float ordinary(void) { return uniform(2); }

static double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double exact_silu(double x) { return x / (1 + exp(-x)); }

// `slack` is an absolute error allowed beside that in ulp.
static void check_function(const char *kernel, void (*function)(float *, const float *, size_t), double (*exact)(double),
                           double ulp, double slack) {
    enum { n = 20003 };
    static float x[n], y[n];
    for (size_t i = 0; i < n; i++) x[i] = i % 4 == 0 ? wild() : uniform(i % 4 == 1 ? 1 : i % 4 == 2 ? 20 : 120);
    x[0] = INFINITY, x[1] = -INFINITY, x[2] = NAN, x[3] = 0, x[4] = -0.0f;
    function(y, x, n);
    for (size_t i = 0; i < n; i++) {
        const double wanted = i == 1 && exact == exact_silu ? 0 : exact(x[i]);
        const double unit = ldexp(1, wanted == 0 || ilogb(wanted) < -126 ? -149 : ilogb(wanted) - 23);
        if (isnan(wanted)) expect(isnan(y[i]), kernel, i);
        else if (isinf((float)wanted)) expect(y[i] == (float)wanted, kernel, i);
        else expect(fabs(y[i] - wanted) <= ulp * unit + (x[i] < -87 ? slack : 0), kernel, i);
        note(y[i]);
    }
}

static void check_elementwise(size_t n) {
    float a[100], b[100], c[100], y[100], wanted[100];
    for (size_t i = 0; i < n; i++) a[i] = wild(), b[i] = wild(), c[i] = wild();
    bc_multiply(y, a, b, n);
    for (size_t i = 0; i < n; i++) wanted[i] = a[i] * b[i];
    expect_bits("multiply", y, wanted, n);
    bc_add(y, a, b, n);
    for (size_t i = 0; i < n; i++) wanted[i] = a[i] + b[i];
    expect_bits("add", y, wanted, n);
    for (size_t i = 0; i < n; i++) wanted[i] = fmaf(b[i], a[i], (1 - b[i]) * c[i]);
    bc_gated_update(a, b, c, n);
    expect_bits("gated_update", a, wanted, n);
}

static float canonical(const float *a, const float *b, size_t d) {
    float sums[16] = {0};
    for (size_t i = 0; i < d; i++) sums[i % 16] = fmaf(a[i], b[i], sums[i % 16]);
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++) sums[l] += sums[l + half];
    return sums[0];
}

static void check_sums(size_t users, size_t items, size_t d) {
    static float queries[7 * 80], rows[160 * 80], arranged[7 * 80], tiles[160 * 80], scores[7 * 163], y[160 * 80];
    static const float *pointers[160];
    const size_t stride = items + 3;
    float wanted[160], gain[80];
    fill(queries, users * d, 2), fill(rows, items * d, 2), fill(gain, d, 2);
    for (size_t i = 0; i < d; i++) {
        const size_t place = bc_tile_position(i, d);
        for (size_t u = 0; u < users; u++) arranged[u * d + place] = queries[u * d + i];
        for (size_t j = 0; j < items; j++) tiles[(j / 16 * d + place) * 16 + j % 16] = rows[j * d + i];
    }
    for (size_t j = 0; j < items; j++) pointers[j] = rows + (j * 7 + 3) % items * d;
    bc_score_tiles(scores, stride, arranged, users, tiles, items / 16, d);
    for (size_t u = 0; u < users; u++) {
        float dots[160];
        const float *query = queries + u * d;
        for (size_t j = 0; j < items; j++) wanted[j] = canonical(query, rows + j * d, d);
        expect_bits("score_tiles", scores + u * stride, wanted, items);
        for (size_t j = 0; j < items; j++) dots[j] = bc_dot(query, rows + j * d, d);
        expect_bits("dot", dots, wanted, items);
        for (size_t j = 0; j < items; j++) wanted[j] = canonical(query, pointers[j], d);
        bc_dot_rows(dots, query, pointers, items, d);
        expect_bits("dot_rows", dots, wanted, items);
    }
    memset(rows + d, 0, 4 * d);  // a row of zeros
    for (int kind = 0; kind < 3; kind++) {
        if (kind == 2) bc_l2_normalise(y, rows, 1e-12f, items, d);
        else bc_rms_normalise(y, rows, kind ? gain : NULL, 1e-6f, items, d);
        for (size_t j = 0; j < items; j++) {
            const float squares = canonical(rows + j * d, rows + j * d, d);
            const float scale = 1 / (kind == 2 ? fmaxf(sqrtf(squares), 1e-12f) : sqrtf(squares / (float)d + 1e-6f));
            for (size_t i = 0; i < d; i++) {
                wanted[i] = rows[j * d + i] * scale;
                if (kind == 1) wanted[i] *= gain[i];
            }
            expect_bits(kind == 2 ? "l2_normalise" : "rms_normalise", y + j * d, wanted, d);
        }
    }
}

static int descending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void check_selection(size_t n, bool coarse) {
    float values[700], sorted[700];
    uint32_t indices[700];
    for (size_t i = 0; i < n; i++) values[i] = coarse ? (below(3) ? (float)below(4) : -INFINITY) : uniform(1);
    const float least = values[below(n)], most = below(2) ? INFINITY : values[below(n)];
    const uint32_t first = (uint32_t)below(1000);
    const size_t count = bc_select(indices, values, n, least, most, first);
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] >= least && (values[i] < most || most == INFINITY)) {
            expect(found < count && indices[found] == first + i, "select", i);
            found++;
        }
    expect(found == count, "select", count);
    memcpy(sorted, values, 4 * n);
    qsort(sorted, n, 4, descending);
    const size_t ranks[] = {1, 2, 3, 4, 5, (n + 1) / 2, n, 1 + below(n)};
    for (int i = 0; i < 8; i++) {
        if (ranks[i] > n) continue;
        const float largest = bc_kth_largest(values, n, ranks[i]);
        expect(largest == sorted[ranks[i] - 1], "kth_largest", ranks[i]);
        note(largest);
    }
    int32_t numbers[700];
    const int32_t wanted = (int32_t)below(40) - 1;
    ptrdiff_t last = -1;
    for (size_t i = 0; i < n; i++) {
        numbers[i] = (int32_t)below(300) - 1;
        if (numbers[i] == wanted) last = (ptrdiff_t)i;
    }
    expect(bc_last_equal(numbers, n, wanted) == last, "last_equal", n);
    note((float)last);
}

static void check_rank(size_t n) {
    float values[90];
    uint32_t order[90];
    for (size_t i = 0; i < n; i++) values[i] = (float)below(7);
    bc_rank(order, values, n);
    for (size_t i = 1; i < n; i++) {
        const float last = values[order[i - 1]], here = values[order[i]];
        expect(last > here || (last == here && order[i - 1] < order[i]), "rank", i);
        note((float)order[i]);
    }
}

static void check_codes(size_t d, float bound) {
    float x[144];
    int8_t codes[144];
    fill(x, d, bound);
    const struct bc_query_code code = bc_encode_query(codes, x, d);
    double square = 0, lost = 0;
    int sum = 0;
    for (size_t i = 0; i < d; i++) {
        const double rest = (double)x[i] - (double)code.step * codes[i];
        square += (double)x[i] * x[i];
        lost += rest * rest;
        sum += codes[i];
        note(codes[i]);
    }
    expect(sum == code.sum && code.length >= sqrt(square) && code.error >= sqrt(lost), "encode_query", d);
    note(code.step);
    note(code.length);
    note(code.error);
}

static void check_halves(void) {
    static float numbers[65536];
    static uint16_t halves[65536], back[65536];
    for (int i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    bc_from_half(numbers, halves, 65536);
    bc_to_half(back, numbers, 65536);
    for (int i = 0; i < 65536; i++) {
        const int exponent = i >> 10 & 31, fraction = i & 1023;
        const double wanted = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        if (exponent == 31) {
            expect(fraction ? isnan(numbers[i]) : isinf(numbers[i]), "from_half", (size_t)i);
        } else {
            expect(numbers[i] == (i >> 15 ? -wanted : wanted) && back[i] == i, "from_half", (size_t)i);
        }
        note(numbers[i]);
        note(numbers[i] != numbers[i] ? 0 : back[i]);
    }
}

// Masks of every kind, and numbers at both ends of their range where `extreme`.
static void check_scan(size_t users, size_t tiles, size_t d, bool extreme) {
    enum { groups = 4 };
    static uint8_t codes[208][80];
    static _Alignas(64) uint8_t packed[13 * (64 + 16 * 80)];
    static float scales[208];
    static int8_t queries[7][80];
    static float reached[7][208];
    static uint16_t masks[7][13];
    static float bounds[7][208], maxima[7][16 * groups], wanted[208], largest[16 * groups];
    static uint32_t hits[7][209];
    struct bc_scan_user scans[7];
    const size_t rows = 16 * tiles;
    for (size_t r = 0; r < rows; r++) {
        uint8_t *tile = packed + r / 16 * (64 + 16 * d);
        scales[r] = (float)below(1000) * 0.0001f;
        memcpy(tile + r % 16 * 4, &scales[r], 4);
        for (size_t i = 0; i < d; i++) {
            codes[r][i] = (uint8_t)(extreme ? 255 * below(2) : below(256));
            tile[64 + i / 4 * 64 + r % 16 * 4 + i % 4] = codes[r][i];
        }
    }
    for (size_t u = 0; u < users; u++) {
        for (size_t i = 0; i < d; i++) queries[u][i] = (int8_t)(extreme ? (below(2) ? 127 : -128) : (int)below(256) - 128);
        for (size_t t = 0; t < tiles; t++) {
            const uint16_t kinds[] = {UINT16_MAX, (uint16_t)next(), 0, users > 2 ? 1 << 5 : 0};
            masks[u][t] = kinds[below(4)];
        }
        const int32_t start = (int32_t)below(2000) - 1000;
        for (size_t r = 0; r < rows; r++) {
            int32_t sum = start;
            for (size_t i = 0; i < d; i++) sum += queries[u][i] * codes[r][i];
            reached[u][r] = scales[r] * ((float)sum * 0.5f + 7);
        }
        for (int g = 0; g < 16 * groups; g++) maxima[u][g] = -INFINITY;
        scans[u] = (struct bc_scan_user){
            .query = queries[u], .masks = masks[u], .start = start, .threshold = reached[u][below(rows)], .step = 0.5f,
            .doubt = 7, .base = 3, .bounds = bounds[u], .maxima = u % 3 == 1 ? NULL : maxima[u], .tile = u, .groups = groups,
            .hits = hits[u], .found = 1, .slot = 1000};
    }
    bc_scan_bounds(scans, users, packed, tiles, d);
    bc_scan_hits(scans, users, packed, tiles, d);
    for (size_t u = 0; u < users; u++) {
        size_t expected = 1;
        for (int g = 0; g < 16 * groups; g++) largest[g] = -INFINITY;
        for (size_t r = 0; r < rows; r++) {
            const bool counts = masks[u][r / 16] >> r % 16 & 1;
            float *most = &largest[(u + r / 16) % groups * 16 + r % 16];
            wanted[r] = counts ? reached[u][r] + 3 : -INFINITY;
            if (scans[u].maxima) *most = fmaxf(*most, wanted[r]);
            size_t times = 0;
            for (size_t h = 1; h < scans[u].found; h++) times += hits[u][h] == 1000 + r;
            const bool taken = counts && reached[u][r] >= scans[u].threshold;
            expect(times == taken, "scan_hits", r);
            expected += taken;
        }
        expect(scans[u].found == expected, "scan_hits", expected);
        expect_bits("scan_bounds", bounds[u], wanted, rows);
        expect_bits("scan_bounds", maxima[u], largest, 16 * groups);
    }
}

static void check_all(void) {
    static const size_t affine[][3] = {{1, 1, 16}, {3, 5, 48}, {4, 64, 64}, {9, 33, 208}, {7, 0, 16}, {0, 4, 32}};
    static const size_t sums[][3] = {{1, 16, 16}, {2, 16, 64}, {7, 48, 80}, {5, 160, 32}};
    static const size_t scans[][2] = {{1, 1}, {1, 5}, {2, 4}, {3, 9}, {4, 8}, {7, 13}};
    for (int i = 0; i < 6; i++) check_affine(affine[i][0], affine[i][1], affine[i][2], ordinary);
    for (int i = 0; i < 2000; i++) check_affine(1, 1, 16, wild);
    check_function("exp", bc_exp, exp, 2, 0);
    check_function("sigmoid", bc_sigmoid, exact_sigmoid, 3, 0);
    check_function("silu", bc_silu, exact_silu, 4, 1e-43);
    for (size_t n = 0; n < 100; n++) check_elementwise(n);
    for (int i = 0; i < 4; i++) check_sums(sums[i][0], sums[i][1], sums[i][2]);
    for (int i = 0; i < 400; i++) check_selection(1 + below(700), i % 2);
    for (int i = 0; i < 100; i++) check_rank(1 + below(90));
    for (int i = 0; i < 60; i++) check_codes(16 * (1 + below(9)), i % 3 ? 2 : 1e-35f);
    check_halves();
    for (int i = 0; i < 6; i++)
        for (size_t d = 16; d <= 80; d += 32)
            for (int extreme = 0; extreme < 2; extreme++) check_scan(scans[i][0], scans[i][1], d, extreme);
}

int main(int count, char **arguments) {
    const char *chosen = names[bc_kernels_level()];
    if (count > 1 && strcmp(arguments[1], chosen) != 0) {
        fprintf(stderr, "the level chosen is %s, not %s\n", chosen, arguments[1]);
        return 1;
    }
    uint64_t first = 0;
    for (int level = 0; level < BC_LEVELS; level++) {
        if (!bc_kernels_select(level)) continue;
        state = 1, digest = 0xcbf29ce484222325;
        check_all();
        printf("%-8s %016llx\n", names[level], (unsigned long long)digest);
        if (level == BC_PORTABLE) first = digest;
        if (digest != first) failures++;
    }
    return failures != 0;
}
