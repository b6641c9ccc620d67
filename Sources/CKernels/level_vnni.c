// x86-64 with AVX-512F, BW and VNNI: as AVX-512F, and four products of 8-bit numbers in a step.
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vnni,avx2,fma"))), apply_to = function)
#define TABLE bc_table_vnni
#define WIDTH 16
#define AFFINE_VECTORS 4
#define SCORE_USERS 4
#define SCAN_USERS 4
#define SCAN_VNNI 1
#include "bodies.h"
#pragma clang attribute pop
#endif
