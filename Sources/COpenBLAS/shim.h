#include <cblas.h>

// Debian's OpenBLAS carries LAPACK without its C header: the routines in use, by their Fortran interface.
// Eigenvalues (ascending) and eigenvectors of a symmetric matrix, column-major.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);

// Solves a x = b for a symmetric positive definite a, which its Cholesky factor replaces, as x replaces b.
void sposv_(const char *uplo, const int *n, const int *nrhs, float *a, const int *lda, float *b, const int *ldb,
            int *info);

// The Cholesky factor of a symmetric positive definite matrix, and the inverse of a triangular matrix.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dtrtri_(const char *uplo, const char *diag, const int *n, double *a, const int *lda, int *info);
