// What of some numbers is wanted: those in a band, the k-th largest, their order. None of it depends on how many are taken a time, so all
// levels agree. Included by bodies.h.

#if WIDTH == 16
// The first n lanes, or all.
INLINE __mmask16 lanes_before(size_t n) { return n < 16 ? (__mmask16)((1u << n) - 1) : 0xffff; }
#endif

// An infinite `below` becomes one that compares with nothing. Without an instruction that packs what is taken, whole vectors are passed
// over where nothing is, and one that has something is taken apart without branches.
static size_t select_band(uint32_t *places, const float *values, size_t n, float least, float below, uint32_t first) {
    if (below == __builtin_inff()) below = __builtin_nanf("");
    size_t count = 0, i = 0;
#if WIDTH == 16
    const __m512 low = _mm512_set1_ps(least), high = _mm512_set1_ps(below);
    __m512i numbers = _mm512_add_epi32(
        _mm512_set1_epi32((int32_t)first), _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
    for (; i + 16 <= n; i += 16) {
        const __m512 value = _mm512_loadu_ps(values + i);
        const __mmask16 taken = _mm512_mask_cmp_ps_mask(
            _mm512_cmp_ps_mask(value, low, _CMP_GE_OQ), value, high, _CMP_NGE_UQ);
        _mm512_storeu_si512(places + count, _mm512_maskz_compress_epi32(taken, numbers));
        count += (size_t)__builtin_popcount(taken);
        numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(16));
    }
#else
    for (; i + 16 <= n; i += 16) {
        ivec any = {0};
        for (int v = 0; v < 16; v += WIDTH) {
            const vec value = load(values + i + v);
            any |= (value >= least) & ~(value >= below);
        }
        if (__builtin_reduce_or(any) == 0) continue;
        for (size_t j = i; j < i + 16; j++) {
            places[count] = first + (uint32_t)j;
            count += (values[j] >= least) & !(values[j] >= below);
        }
    }
#endif
    for (; i < n; i++)
        if ((values[i] >= least) & !(values[i] >= below)) places[count++] = first + (uint32_t)i;
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

// Numbers as integers of the same order, and the way back, which is the same.
INLINE ivec keys_of(vec values) { return (ivec)values ^ (((ivec)values >> 31) & 0x7fffffff); }
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
        most = larger(most, load(values + i));
        least = smaller(least, load(values + i));
    }
    // At least k numbers are `low` or more, fewer are more than `high`.
    int32_t low = __builtin_reduce_min(keys_of(least)), high = __builtin_reduce_max(keys_of(most));
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
                found = smaller(found, choose(value >= bar, value, splat(__builtin_inff())));
            }
            return at_key(__builtin_reduce_min(keys_of(found)));
        }
        const int32_t more = -(int32_t)(count > k);
        low = (middle & more) | (low & ~more);
        high = (high & more) | ((middle - 1) & ~more);
    }
    return at_key(low);
}

// The k-th largest of the three largest numbers of each lane, k ≤ 3: the largest of a lane leaves its place to the next.
INLINE float kth_of_tops(vec first, vec second, vec third, size_t k) {
    for (;;) {
        const int32_t most = __builtin_reduce_max(keys_of(first));
        if (--k == 0) return at_key(most);
        ivec places;
        for (int l = 0; l < WIDTH; l++) places[l] = l;
        const ivec holders = keys_of(first) == most;
        const ivec one = places == __builtin_reduce_min((holders & places) | (~holders & WIDTH));
        first = choose(one, second, first);
        second = choose(one, third, second);
        third = choose(one, splat(-__builtin_inff()), third);
    }
}

#if WIDTH == 16
// Of 32 numbers at most: the one that fewer than k exceed and at least k reach.
INLINE float kth_of_few(const float *values, size_t n, size_t k) {
    const __mmask16 low = lanes_before(n), high = lanes_before(n > 16 ? n - 16 : 0);
    const __m512 first = _mm512_maskz_loadu_ps(low, values), second = _mm512_maskz_loadu_ps(high, values + 16);
    for (size_t i = 0; i + 1 < n; i++) {
        const __m512 value = _mm512_set1_ps(values[i]);
        const uint32_t more = _mm512_mask_cmp_ps_mask(low, first, value, _CMP_GT_OQ)
            | (uint32_t)_mm512_mask_cmp_ps_mask(high, second, value, _CMP_GT_OQ) << 16;
        const uint32_t reach = _mm512_mask_cmp_ps_mask(low, first, value, _CMP_GE_OQ)
            | (uint32_t)_mm512_mask_cmp_ps_mask(high, second, value, _CMP_GE_OQ) << 16;
        if (((size_t)__builtin_popcount(more) < k) & (k <= (size_t)__builtin_popcount(reach))) return values[i];
    }
    return values[n - 1];
}
#endif

// Where a few of many are wanted, the largest few of each lane hold them.
static float kth_largest(const float *values, size_t n, size_t k) {
#if WIDTH == 16
    if (n <= 32) return kth_of_few(values, n, k);
#endif
    if (k > 3 || n < 24 * WIDTH) return kth_by_parting(values, n, k);
    vec first = splat(-__builtin_inff()), second = first, third = first;
    const size_t whole = n / WIDTH * WIDTH;
    for (size_t i = 0; i < n; i += WIDTH) {
        vec value = splat(-__builtin_inff());
        if (i < whole) value = load(values + i);
        else for (size_t l = i; l < n; l++) value[l - i] = values[l];
        const vec pushed = smaller(first, value), last = smaller(second, pushed);
        first = larger(first, value);
        second = larger(second, pushed);
        third = larger(third, last);
    }
    return kth_of_tops(first, second, third, k);
}

// An item's rank is the number of those before it, so nothing is moved and no branch hangs on the numbers.
static void rank(uint32_t *order, const float *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t before = 0;
#if WIDTH == 16
        const __m512 value = _mm512_set1_ps(values[i]);
        for (size_t j = 0; j < n; j += 16) {
            const __mmask16 there = lanes_before(n - j), earlier = lanes_before(i > j ? i - j : 0);
            const __m512 others = _mm512_maskz_loadu_ps(there, values + j);
            const __mmask16 equal = _mm512_mask_cmp_ps_mask(earlier, others, value, _CMP_EQ_OQ);
            before += (uint32_t)__builtin_popcount(equal | _mm512_mask_cmp_ps_mask(there, others, value, _CMP_GT_OQ));
        }
#else
        const float value = values[i];
        ivec negative = {0};
        size_t j = 0;
        for (; j + WIDTH <= i; j += WIDTH) negative += load(values + j) >= value;
        for (; j < i; j++) before += values[j] >= value;
        for (; j < n && j % WIDTH != 0; j++) before += values[j] > value;
        for (; j + WIDTH <= n; j += WIDTH) negative += load(values + j) > value;
        for (; j < n; j++) before += values[j] > value;
        before += (uint32_t)-__builtin_reduce_add(negative);
#endif
        order[before] = (uint32_t)i;
    }
}
