// The k-th largest of some numbers, by a histogram: linear, and without the branches that a partition mispredicts.
#include "CKernels.h"
#include <string.h>

enum { BINS = 256 };

static float by_insertion(float *values, size_t n, size_t k) {
    for (size_t i = 1; i < n; i++) {
        float value = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] < value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
    return values[k - 1];
}

float bc_kth_largest(const float *values, size_t n, size_t k, float *scratch) {
    const float *from = values;
    while (n > 24) {
        float low = __builtin_inff(), high = -__builtin_inff();
        size_t least = 0;
        for (size_t i = 0; i < n; i++) {
            const int finite = from[i] > -__builtin_inff();
            least += !finite;
            low = finite && from[i] < low ? from[i] : low;
            high = from[i] > high ? from[i] : high;
        }
        if (k > n - least) return -__builtin_inff();
        if (low == high) return high;
        const float scale = (BINS - 1) / (high - low);
        if (!(scale > 0 && scale < __builtin_inff())) break;  // as good as equal, or too far apart for a number
        uint32_t counts[BINS] = {0};
        for (size_t i = 0; i < n; i++)
            if (from[i] >= low) counts[(int)((from[i] - low) * scale)] += 1;
        int bin = BINS - 1;
        while (k > counts[bin]) k -= counts[bin--];
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (from[i] >= low && (int)((from[i] - low) * scale) == bin) scratch[kept++] = from[i];
        from = scratch;
        n = kept;
    }
    if (from != scratch) memcpy(scratch, from, n * sizeof(float));
    return by_insertion(scratch, n, k);  // of few values, but for the odd ranges above
}
