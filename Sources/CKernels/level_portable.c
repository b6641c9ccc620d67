// What every processor of the architecture runs: SSE2 on x86-64 (with fused multiply-add emulated), NEON on arm64.
#define TABLE bc_table_portable
#define WIDTH 4
#define AFFINE_VECTORS 4
#if defined(__x86_64__)
#define EMULATE_FMA 1
#define SCORE_USERS 2
#else
#define SCORE_USERS 4
#endif
#define SCAN_USERS 1
#include "bodies.h"
