#include <cblas.h>

// Debian's OpenBLAS carries LAPACK without its C header: the one routine in use, by its Fortran interface.
// Eigenvalues (ascending) and eigenvectors of a symmetric matrix, column-major.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info);
