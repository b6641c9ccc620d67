// x86-64 with AVX-512F: 32 registers of 16 floats.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma"))), apply_to = function)
#define TABLE bc_table_avx512
#define WIDTH 16
#define AFFINE_VECTORS 4
#define SCORE_USERS 4
#define SCAN_USERS 2
#define SCAN_MADD 1
#include "bodies.h"
#pragma clang attribute pop
#endif
