// x86-64 with AVX2 and FMA: 16 registers of 8 floats.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define TABLE bc_table_avx2
#define WIDTH 8
#define AFFINE_VECTORS 2
#define SCORE_USERS 2
#define SCAN_USERS 2
#define SCAN_MADD 1
#include "bodies.h"
#pragma clang attribute pop
#endif
