// arm64 with the dot product of 8-bit numbers (Armv8.2 and later): as portable, and four of their products in a step.
#if defined(__aarch64__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define TABLE bc_table_dotprod
#define WIDTH 4
#define AFFINE_VECTORS 4
#define SCORE_USERS 4
#define SCAN_USERS 1
#define SCAN_DOT 1
#include "bodies.h"
#pragma clang attribute pop
#endif
