// Scans of 8-bit codes: integer dot products of a few users with tiles of 16 items. Sums of integers are exact, so all levels
// agree. Included by bodies.h; SCAN_VNNI and SCAN_MADD say what the level's processors have beyond SSE2, SCAN_DOT what
// they have beyond NEON.
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(SCAN_VNNI)
#define LANES 16
#elif defined(SCAN_MADD)
#define LANES 8
#else
#define LANES 4
#endif
#define PARTS (16 / LANES)

typedef int32_t lanes_i __attribute__((vector_size(4 * LANES)));
typedef float lanes_f __attribute__((vector_size(4 * LANES)));
typedef int32_t lanes_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float lanes_f_unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// sum + the products of four codes, 0 to 255, in each lane with the four signed numbers of `query`; of code - 128
// where `scan_start` makes up for it.
INLINE lanes_i scan_step(lanes_i sum, lanes_i codes, int32_t query) {
#if defined(SCAN_VNNI)
    return (lanes_i)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)codes, _mm512_set1_epi32(query));
#elif defined(SCAN_MADD)
    const __m256i four = _mm256_set1_epi32(query), c = (__m256i)codes;
    const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(four, 8), 8), odd = _mm256_srai_epi16(four, 8);
    const __m256i first = _mm256_madd_epi16(_mm256_and_si256(c, _mm256_set1_epi16(0xff)), even);
    const __m256i second = _mm256_madd_epi16(_mm256_srli_epi16(c, 8), odd);
    return sum + (lanes_i)first + (lanes_i)second;
#elif defined(__SSE2__)
    const __m128i four = _mm_set1_epi32(query), c = (__m128i)codes;
    const __m128i even = _mm_srai_epi16(_mm_slli_epi16(four, 8), 8), odd = _mm_srai_epi16(four, 8);
    const __m128i first = _mm_madd_epi16(_mm_and_si128(c, _mm_set1_epi16(0xff)), even);
    const __m128i second = _mm_madd_epi16(_mm_srli_epi16(c, 8), odd);
    return sum + (lanes_i)first + (lanes_i)second;
#elif defined(SCAN_DOT)
    // It takes both sides signed, and to turn a code's highest bit is to subtract 128.
    const int8x16_t four = vreinterpretq_s8_s32(vdupq_n_s32(query));
    return (lanes_i)vdotq_s32((int32x4_t)sum, (int8x16_t)(codes ^ (int32_t)0x80808080), four);
#elif defined(__aarch64__)
    // A product fits 16 bits.
    const int16x8_t four = vreinterpretq_s16_s32(vdupq_n_s32(query));
    const int16x8_t even = vshrq_n_s16(vshlq_n_s16(four, 8), 8), odd = vshrq_n_s16(four, 8);
    const uint16x8_t c = (uint16x8_t)codes;
    const int32x4_t half = vpadalq_s16((int32x4_t)sum, vmulq_s16((int16x8_t)(c & 0xff), even));
    return (lanes_i)vpadalq_s16(half, vmulq_s16((int16x8_t)(c >> 8), odd));
#else
    for (int b = 0; b < 4; b++) sum += ((codes >> (8 * b)) & 255) * (int32_t)(int8_t)((uint32_t)query >> (8 * b));
    return sum;
#endif
}

// What the sums of a user begin with: plus 128 · Σ query where `scan_step` leaves that out.
INLINE int32_t scan_start(const struct bc_scan_user *scan, size_t d) {
#if defined(SCAN_DOT)
    int32x4_t sums = {0};
    for (size_t i = 0; i < d; i += 16) sums = vdotq_s32(sums, vld1q_s8(scan->query + i), vdupq_n_s8(-128));
    return scan->start - vaddvq_s32(sums);
#else
    return scan->start;
#endif
}

// A part of a tile's values: minus infinity in the lanes whose bit of the mask is not set.
INLINE lanes_f scan_masked(uint32_t mask, int part, lanes_f values) {
#if defined(SCAN_VNNI)
    return (lanes_f)_mm512_mask_mov_ps(_mm512_set1_ps(-__builtin_inff()), (__mmask16)mask, (__m512)values);
#else
    lanes_i bit;
    for (int l = 0; l < LANES; l++) bit[l] = 1 << l;
    const lanes_i taken = ((int32_t)(mask >> (part * LANES)) & bit) != 0;
    const lanes_f least = -__builtin_inff() - (lanes_f){0};
    return (lanes_f)((taken & (lanes_i)values) | (~taken & (lanes_i)least));
#endif
}

// From tile to tile, and from a tile's scales to its codes, in bytes.
#define SCALES 64
INLINE size_t scan_stride(size_t d) { return SCALES + 16 * d; }

// Sums (tiles · PARTS vectors per user) of `tiles` tiles.
INLINE void scan_tiles(const int users, const int tiles, lanes_i (*sums)[4 * PARTS], const struct bc_scan_user *scan,
                       const uint8_t *codes, size_t d) {
    for (int u = 0; u < users; u++) {
        const int32_t start = scan_start(&scan[u], d);
        for (int v = 0; v < tiles * PARTS; v++) sums[u][v] = start - (lanes_i){0};
    }
    for (size_t i = 0; i < d / 4; i++) {
        lanes_i row[4 * PARTS];
        for (int t = 0; t < tiles; t++)
            for (int p = 0; p < PARTS; p++)
                row[t * PARTS + p] =
                    *(const lanes_unaligned *)(codes + t * scan_stride(d) + SCALES + i * 64 + p * 4 * LANES);
        for (int u = 0; u < users; u++) {
            int32_t query;
            __builtin_memcpy(&query, scan[u].query + 4 * i, 4);
            for (int v = 0; v < tiles * PARTS; v++) sums[u][v] = scan_step(sums[u][v], row[v], query);
        }
    }
}

// What a part of a tile's scores, beyond the base, may reach at most.
INLINE lanes_f scan_reached(const struct bc_scan_user *scan, lanes_i sum, lanes_f scale) {
    return scale * (__builtin_convertvector(sum, lanes_f) * scan->step + scan->doubt);
}
INLINE lanes_f scan_scale(const uint8_t *tile, int part) {
    return *(const lanes_f_unaligned *)(tile + part * 4 * LANES);
}

INLINE void scan_bounds_tiles(const int users, const int tiles, const struct bc_scan_user *scan, size_t first,
                              const uint8_t *codes, size_t d) {
    lanes_i sums[4][4 * PARTS];
    codes += first * scan_stride(d);
    scan_tiles(users, tiles, sums, scan, codes, d);
    for (int u = 0; u < users; u++) {
        const size_t groups = scan[u].maxima ? scan[u].groups : 1;
        size_t group = (uint32_t)(scan[u].tile + first) % (uint32_t)groups;
        for (int t = 0; t < tiles; t++) {
            float *bounds = scan[u].bounds + (first + t) * 16;
            float *maxima = scan[u].maxima + group * 16;
            group = group + 1 == groups ? 0 : group + 1;
            for (int p = 0; p < PARTS; p++) {
                const lanes_f scale = scan_scale(codes + t * scan_stride(d), p);
                const lanes_f most = scan_reached(&scan[u], sums[u][t * PARTS + p], scale) + scan[u].base;
                const lanes_f bound = scan_masked(scan[u].masks[first + t], p, most);
                *(lanes_f_unaligned *)(bounds + p * LANES) = bound;
                if (!scan[u].maxima) continue;
                const lanes_f largest = *(lanes_f_unaligned *)(maxima + p * LANES);
                const lanes_i more = bound > largest;
                *(lanes_f_unaligned *)(maxima + p * LANES) =
                    (lanes_f)((more & (lanes_i)bound) | (~more & (lanes_i)largest));
            }
        }
    }
}

INLINE void scan_hits_tiles(const int users, const int tiles, struct bc_scan_user *scan, size_t first,
                            const uint8_t *codes, size_t d) {
    lanes_i sums[4][4 * PARTS];
    codes += first * scan_stride(d);
    scan_tiles(users, tiles, sums, scan, codes, d);
    for (int u = 0; u < users; u++)
        for (int t = 0; t < tiles; t++)
            for (int p = 0; p < PARTS; p++) {
                const lanes_f scale = scan_scale(codes + t * scan_stride(d), p);
                const lanes_f most = scan_reached(&scan[u], sums[u][t * PARTS + p], scale);
#if defined(SCAN_VNNI)
                uint32_t found = _mm512_mask_cmp_ps_mask(
                    scan[u].masks[first + t], (__m512)most, _mm512_set1_ps(scan[u].threshold), _CMP_GE_OQ);
#else
                const lanes_i above = most >= scan[u].threshold;
                if (__builtin_reduce_or(above) == 0) continue;
                uint32_t found = 0;
                for (int l = 0; l < LANES; l++) found |= (uint32_t)(above[l] & 1) << (p * LANES + l);
                found &= scan[u].masks[first + t];
#endif
                for (; found; found &= found - 1)
                    scan[u].hits[scan[u].found++] = scan[u].slot + (uint32_t)((first + t) * 16 + __builtin_ctz(found));
            }
}

// What a scan leaves of a tile of which nothing counts.
INLINE void scan_bounds_none(const int users, const struct bc_scan_user *scan, size_t tile) {
    for (int u = 0; u < users; u++)
        for (int i = 0; i < 16; i++) scan[u].bounds[tile * 16 + i] = -__builtin_inff();
}
INLINE void scan_hits_none(const int users, struct bc_scan_user *scan, size_t tile) {}

// The masks of up to four tiles, and how many of them have a bit.
INLINE uint64_t scan_masks(const uint16_t *masks, size_t tiles) {
    uint64_t all = masks[0];
    if (tiles > 1) all |= (uint64_t)masks[1] << 16;
    if (tiles > 2) all |= (uint64_t)masks[2] << 32;
    if (tiles > 3) all |= (uint64_t)masks[3] << 48;
    return all;
}
INLINE size_t scan_count(uint64_t masks) {
    const uint64_t low = 0x7fff7fff7fff7fff;
    return (size_t)__builtin_popcountll((masks | ((masks & low) + low)) & ~low);
}

// A scan over all tiles for all users, four tiles and SCAN_USERS users at a time, by a function for some of each. Where hardly
// any of the four has an item that counts for one of the users, those alone.
#define SCAN(name, user)                                                                                               \
    INLINE void name##_part(const int users, user *scan, size_t first, size_t tiles, const uint8_t *codes, size_t d) { \
        uint64_t any = 0;                                                                                              \
        for (int u = 0; u < users; u++) any |= scan_masks(scan[u].masks + first, tiles);                               \
        const size_t none = tiles - scan_count(any);                                                                   \
        if (none <= tiles / 4) {                                                                                       \
            if (tiles == 4) return name##_tiles(users, 4, scan, first, codes, d);                                      \
            if (tiles == 3) return name##_tiles(users, 3, scan, first, codes, d);                                      \
            if (tiles == 2) return name##_tiles(users, 2, scan, first, codes, d);                                      \
        }                                                                                                              \
        for (size_t t = 0; t < tiles; t++) {                                                                           \
            if (any >> (16 * t) & 0xffff) name##_tiles(users, 1, scan, first + t, codes, d);                           \
            else name##_none(users, scan, first + t);                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(user *scan, size_t users, const uint8_t *codes, size_t tiles, size_t d) {                         \
        for (size_t t = 0; t < tiles; t += 4) {                                                                        \
            const size_t some = tiles - t < 4 ? tiles - t : 4;                                                         \
            size_t u = 0;                                                                                              \
            for (; u + SCAN_USERS <= users; u += SCAN_USERS) name##_part(SCAN_USERS, scan + u, t, some, codes, d);     \
            for (; u < users; u++) name##_part(1, scan + u, t, some, codes, d);                                        \
        }                                                                                                              \
    }
SCAN(scan_bounds, const struct bc_scan_user)
SCAN(scan_hits, struct bc_scan_user)
