#pragma once
// A vector of WIDTH floats as the including level's registers hold it, and the scalar functions of the towers over it.
#include "table.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ivec __attribute__((vector_size(4 * WIDTH)));
typedef float vec_unaligned __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *from) { return *(const vec_unaligned *)from; }
INLINE void store(float *to, vec value) { *(vec_unaligned *)to = value; }
INLINE vec splat(float value) { return value - (vec){0}; }
INLINE vec choose(ivec condition, vec yes, vec no) { return (vec)((condition & (ivec)yes) | (~condition & (ivec)no)); }

// Of numbers: the compiler's own functions take care of NaN, and to reduce vectors of floats they go lane by lane.
INLINE vec larger(vec a, vec b) { return choose(a > b, a, b); }
INLINE vec smaller(vec a, vec b) { return choose(a < b, a, b); }

#if defined(EMULATE_FMA)
typedef double dvec __attribute__((vector_size(8 * WIDTH)));
typedef int64_t lvec __attribute__((vector_size(8 * WIDTH)));

// a · b + c rounded once, without the instruction. The product is exact in double; the sum is rounded to odd (its last
// bit is set when inexact), after which rounding to float is as if the sum had been exact (Boldo and Melquiond, 2008).
INLINE vec fma_(vec a, vec b, vec c) {
    dvec product = __builtin_convertvector(a, dvec) * __builtin_convertvector(b, dvec);
    dvec addend = __builtin_convertvector(c, dvec);
    dvec sum = product + addend;
    dvec back = sum - product;
    dvec error = (product - (sum - back)) + (addend - back);
    lvec bits = (lvec)sum;
    // Toward the error: one step up in magnitude if it has the sum's sign, one step down otherwise; then odd.
    lvec inexact = (error != 0) & (sum - sum == 0) & ((bits & 1) == 0);
    lvec toward = 1 + 2 * (((lvec)error ^ bits) >> 63);
    bits += inexact & toward;
    return __builtin_convertvector((dvec)bits, vec);
}
#else
INLINE vec fma_(vec a, vec b, vec c) { return __builtin_elementwise_fma(a, b, c); }
#endif

// e^x = 2^n · e^r with n the nearest integer to x / ln 2 and |r| ≤ ln 2 / 2; coefficients from Cephes' expf.
INLINE vec exp_(vec x) {
    vec clamped = choose(x < -104.0f, splat(-104.0f), x);
    clamped = choose(clamped > 89.0f, splat(89.0f), clamped);
    const float shift = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
    vec shifted = fma_(clamped, splat(0x1.715476p0f), splat(shift));
    vec n = shifted - shift;
    vec r = fma_(n, splat(-0x1.63p-1f), clamped);
    r = fma_(n, splat(2.12194440e-4f), r);
    vec p = splat(1.9875691500e-4f);
    p = fma_(p, r, splat(1.3981999507e-3f));
    p = fma_(p, r, splat(8.3334519073e-3f));
    p = fma_(p, r, splat(4.1665795894e-2f));
    p = fma_(p, r, splat(1.6666665459e-1f));
    p = fma_(p, r, splat(5.0000001201e-1f));
    p = fma_(p, r * r, r) + 1.0f;
    // 2^n in two factors, so that results below the normal range are rounded once and those above become infinite.
    ivec exponent = (ivec)shifted - 0x4b400000;
    ivec half = exponent >> 1;
    vec result = p * (vec)((half + 127) << 23) * (vec)((exponent - half + 127) << 23);
    return choose(x != x, x + x, result);
}

INLINE vec magnitude(vec x) { return (vec)((ivec)x & 0x7fffffff); }

// With e = e^-|x| neither tail overflows or cancels.
INLINE vec sigmoid_(vec x) {
    vec e = exp_(-magnitude(x));
    return choose(x < 0.0f, e, splat(1.0f)) / (e + 1.0f);
}

INLINE vec silu_(vec x) {
    return choose(x < -104.0f, splat(-104.0f), x) * sigmoid_(x);  // the bound keeps -infinity from meeting 0
}
